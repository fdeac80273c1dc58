"""Tests of the models: by hand, by law, and against scikit-learn and hmmlearn."""
