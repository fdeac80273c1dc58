"""Neural networks that others have trained, run in NumPy alone.

In come float32 arrays of samples or mel energies; out go float32 activations of frames. ``speech`` and
``embedding`` import it; nothing here knows of speakers, recordings or files of sound.
"""
