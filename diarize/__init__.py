"""Who spoke when, with Gaussian mixtures."""
