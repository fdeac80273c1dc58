"""Measurements that are run by hand: ratios between programs on one machine, never absolute promises."""
