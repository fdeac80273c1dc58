"""Tests of the commands; a package, so that a file may be called like one beside it."""
