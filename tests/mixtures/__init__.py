"""Tests of mixtures: by hand, by law, and against scikit-learn."""

from hypothesis import settings

# how a law is tried: the same examples every time, and no clock on a busy machine
LAW = settings(deadline=None, max_examples=25, derandomize=True)
