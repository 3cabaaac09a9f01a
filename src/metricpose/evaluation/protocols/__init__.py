"""The benchmarks' protocols, one file each: the official way to count, and a strict one beside it."""
