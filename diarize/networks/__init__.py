"""Neural networks that others have learnt, run in NumPy alone.

What comes in: float32 arrays of samples or mel energies. What goes out: float32 activations of frames.
The rooms ``speech`` and ``embedding`` use them; nothing here knows of speakers, recordings or files of sound.
"""
