"""Readers of real benchmarks, one file each, straight from the layout in which their owners ship them."""
