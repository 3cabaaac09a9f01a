"""Builds the mocap cache that training draws from, and prints what is in it.

    python recipes/build_mocap_cache.py [MOCAP_FOLDER] [CACHE.npz]

The folder defaults to `mocap` below METRICPOSE_SHARED, or `../shared/data/mocap`; the cache to `runs/mocap_cache.npz`.
"""

import os
import sys
from pathlib import Path

import numpy as np

from metricpose.virtual.mocap.cache import SPLITS, MocapCache, build_cache


def mocap_folder() -> Path:
    """Where the mocap lies on this machine."""
    return Path(os.environ.get("METRICPOSE_SHARED", "../shared/data"), "mocap")


def contents(cache: MocapCache) -> str:
    """Frames (clips) per kind of motion and split, as a table."""
    lines = [f"{'kind':20}" + "".join(f"{split:>16}" for split in SPLITS)]
    frames = np.bincount(cache.clip, minlength=len(cache.names))
    for kind in (*sorted(set(cache.kinds.tolist())), "all"):
        rows = (cache.kinds == kind) | (kind == "all")
        cells = [rows & (cache.splits == split) for split in SPLITS]
        lines.append(f"{kind:20}" + "".join(f"{f'{frames[c].sum()} ({c.sum()})':>16}" for c in cells))
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    root = Path(arguments[0]) if arguments else mocap_folder()
    path = Path(arguments[1] if len(arguments) > 1 else "runs/mocap_cache.npz")
    cache = build_cache(root, path)
    print(contents(cache))
    print(f"{len(cache)} poses of {len(cache.names)} clips written to {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
