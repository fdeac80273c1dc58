"""Tests of the networks: layers by loops and SciPy, the whole against PyTorch."""
