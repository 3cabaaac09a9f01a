"""`metricpose bench convert`: joints of many people from one skeleton to another, arrays in and out."""

from collections.abc import Iterator

import numpy as np

from metricpose.cli.timing import Row, measured
from metricpose.skeletons import learnt_converter, skeleton_named

_PAIRS = (("coco17", "h36m17"), ("h36m17", "coco17"), ("coco17", "smpl24"), ("mediapipe33", "body25"))


def rows(people: tuple[int, ...], repeats: int) -> Iterator[Row]:
    """A row for each pair of skeletons and count of people; float32, in one call."""
    for source, target in _PAIRS:
        convert = learnt_converter(skeleton_named(source), skeleton_named(target))
        for count in people:
            joints = np.random.default_rng(count).normal(size=(count, len(convert.source), 3)).astype(np.float32)
            name = f"{source} to {target}"
            yield measured(name, count, lambda c=convert, j=joints: c(j), repeats=min(repeats, 20))
