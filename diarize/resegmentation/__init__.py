"""Resegmentation: from windows with speakers to frames, and from frames to turns.

Input: responsibilities of windows and cepstra of frames. Output: frame posteriors from one mixture per
speaker and a hidden Markov model (``frames``), the second speaker in overlaps (``overlap``), turns
(``turns``) and change points (``changes``). ``pipeline`` and the commands import it.
"""
