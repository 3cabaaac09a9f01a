"""Mean squared distances between all points of the body into the package: `python -m recipes.skeleton_distances`.

From the people of `recipes.skeleton_people`: those of train make the conversions, those of test tell their errors.
Both are made the same for mirrored people. Seconds.
"""

import argparse
from pathlib import Path

import numpy as np

from metricpose.skeletons.distances import packed
from metricpose.skeletons.points import other_side
from recipes.skeleton_people import FOLDER, load

OUTPUT = Path("src/metricpose/weights/skeleton_distances.npz")


def mean_squared_distances(points: np.ndarray, names: list[str]) -> np.ndarray:
    """(P, P) square metres, of `points` (N, P, 3) and their mirror images."""
    total = np.zeros((len(names), len(names)))
    for some in np.array_split(points.astype(np.float64), max(1, len(points) // 1000)):
        for axis in range(3):
            coordinate = some[..., axis]
            inner = coordinate.T @ coordinate
            square = np.diagonal(inner)
            total += square[:, None] + square[None, :] - 2 * inner
    total /= len(points)
    image = [names.index(other_side(name)) for name in names]
    return np.maximum((total + total[np.ix_(image, image)]) / 2, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Mean squared distances between points of the body")
    parser.add_argument("--people", type=Path, default=FOLDER)
    parser.add_argument("-o", type=Path, default=OUTPUT)
    options = parser.parse_args()
    found = {}
    names: list[str] = []
    for key, split in (("learnt_m2", "train"), ("heldout_m2", "test")):
        people = load(options.people, split)
        names = people["names"].tolist()
        found[key] = packed(mean_squared_distances(people["points"], names))
    np.savez_compressed(options.o, names=np.array(names), **found)


if __name__ == "__main__":
    main()
