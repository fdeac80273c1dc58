"""Models of what speakers do, on plain arrays: two covariances, VBx, discriminants, adaptation."""
