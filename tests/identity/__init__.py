"""Tests of whose voice it is: values made by hand, files from strangers, and conversations of pure signal."""
