"""Tests of the stages: each alone, with values made by hand."""

from hypothesis import settings

# the same examples every time, and no clock on a busy machine
LAW = settings(deadline=None, max_examples=25, derandomize=True)
