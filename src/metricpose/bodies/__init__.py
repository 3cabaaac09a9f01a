"""Bodies: the bank of measured proportions, and body models."""
