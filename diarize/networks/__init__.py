"""Inference of published neural networks in NumPy.

Input: float32 arrays of samples or mel energies. Output: float32 activations of frames. ``speech`` and
``embedding`` import this package; it does not depend on speakers, recordings or audio files.
"""
