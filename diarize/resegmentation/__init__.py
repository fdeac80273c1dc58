"""Resegmentation: from windows with speakers to frames, and from frames to turns.

In come the responsibilities of windows and the cepstra of frames; out go posteriors of frames, by a mixture
a speaker and a hidden Markov model over them (``frames``), the second speaker where two talk (``overlap``),
turns (``turns``) and points of change (``changes``). ``pipeline`` and the commands import it.
"""
