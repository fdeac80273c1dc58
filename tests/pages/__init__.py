"""Tests of the pages: what they show runs, and what they link to is there."""
