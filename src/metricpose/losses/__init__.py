"""Losses, one file for each idea."""
