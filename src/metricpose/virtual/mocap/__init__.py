"""Recorded motion on the canonical rig: retargeting, cleaning, splits, and the cache that training draws from."""
