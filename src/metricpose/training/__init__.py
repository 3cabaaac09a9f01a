"""The training loop and what surrounds it; knows no dataset by name."""
