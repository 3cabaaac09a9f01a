"""A network that needs no weights: people are drawn as coloured dots, and it says exactly what it sees of them.

Red is a person's anchor (the hip), green the left wrist, blue the right one. It sees what the real network is given,
windows and crops, so that what is tested is the way of pixels there and back.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import ndimage

from metricpose.skeletons.catalogue import HALPE26

HIP, LEFT, RIGHT = (HALPE26.joints.index(name) for name in ("hip", "left_wrist", "right_wrist"))
MARGIN = 1.15  # of the box beyond the dots


def dotted(size: tuple[int, int], *people: tuple[float, float, float], background: int = 0) -> np.ndarray:
    """A picture (H, W, 3) of `size` (w, h) with people whose anchor is at x, y and who are so many px large.

    Wrists are up to the left and down to the right of the anchor, 0.35 and 0.4 of the size away along both axes.
    """
    picture = np.full((size[1], size[0], 3), background, np.uint8)
    for x, y, large in people:
        for channel, (px, py) in enumerate(places(x, y, large)):
            paint(picture, px, py, 0.05 * large, channel)
    return picture


def places(x: float, y: float, large: float) -> np.ndarray:
    """(3, 2): anchor, left wrist, right wrist."""
    return np.array([(x, y), (x - 0.35 * large, y - 0.35 * large), (x + 0.4 * large, y + 0.4 * large)])


def paint(picture: np.ndarray, x: float, y: float, radius: float, channel: int) -> None:
    """A disc with soft edges, so that its centre is where it is said to be."""
    low, high = np.floor([x - radius - 2, y - radius - 2]), np.ceil([x + radius + 3, y + radius + 3])
    low, high = np.maximum(low, 0).astype(int), np.minimum(high, picture.shape[1::-1]).astype(int)
    if (high <= low).any():
        return
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]]
    cover = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)
    part = picture[low[1] : high[1], low[0] : high[0]].astype(float)
    colour = np.eye(3)[channel] * 255
    picture[low[1] : high[1], low[0] : high[0]] = np.round(part * (1 - cover[..., None]) + colour * cover[..., None])


class DottedEngine:
    """Sees people whose size is within `sizes_px`, with `score`, and larger ones with `beyond`.

    `seen` has the shapes it was given.
    """

    def __init__(self, score: float = 0.9, sizes_px: tuple[float, float] = (12.0, 1e9), beyond: float = 0.0) -> None:
        self.score, self.sizes_px, self.beyond = score, sizes_px, beyond
        self.seen: list[tuple[int, ...]] = []

    def run(self, names: Sequence[str], feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        images = feed["image"]
        assert images.dtype == np.float32
        assert images.shape[2] % 32 == images.shape[3] % 32 == 0
        assert images.min() >= 0 and images.max() <= 1
        self.seen.append(images.shape)
        if "joint_seen" in names:
            answers = [self._of_crop(image) for image in images]
        else:
            answers = [self._one(image) for image in images]
        return [np.stack([answer[name] for answer in answers]).astype(np.float32) for name in names]

    def _one(self, image: np.ndarray) -> dict[str, np.ndarray]:
        rows, columns = image.shape[1] // 4, image.shape[2] // 4
        out = {
            "joint_maps": np.zeros((26, rows, columns)),
            "anchor_map": np.zeros((1, rows, columns)),
            "person_mask": np.zeros((1, rows, columns)),
            "box_sides": np.zeros((4, rows // 2, columns // 2)),
            "joint_offsets": np.zeros((52, rows // 2, columns // 2)),
            "joint_visible": np.zeros((26, rows // 2, columns // 2)),
        }
        dots = [_centres(image, channel) for channel in range(3)]
        for anchor in dots[0]:
            left, right = (_nearest(centres, anchor) for centres in dots[1:])
            known = [(joint, at) for joint, at in ((LEFT, left), (RIGHT, right)) if at is not None]
            score = self._score(anchor, [at for _, at in known]) if known else 0.0
            if score > 0:
                self._write(out, anchor, [(HIP, anchor), *known], score)
        return out

    def _of_crop(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """As the crop network: of the person nearest to the middle, maps that sum to 1; of others and nobody, flat."""
        joints = (HIP, LEFT, RIGHT)
        rows, columns = image.shape[1] // 4, image.shape[2] // 4
        maps = np.full((26, rows, columns), 1 / (rows * columns))
        seen = np.zeros(26)
        points = []
        middle = (np.array([image.shape[2], image.shape[1]]) - 1) / 2
        anchor = _nearest(_centres(image, 0), middle)
        for joint, channel in zip(joints, range(3), strict=True):
            at = None if anchor is None else _nearest(_centres(image, channel), anchor)
            if at is None:
                continue
            maps[joint] = 0
            _peak(maps[joint], at, 1.0)
            maps[joint] /= maps[joint].sum()
            seen[joint] = 0.8
            points.append(at)
        return {"joint_maps": maps, "joint_seen": seen, "box": self._box(points, middle)}

    @staticmethod
    def _box(points: list[np.ndarray], middle: np.ndarray) -> np.ndarray:
        low, high = (
            (np.array([middle, *points]) if not points else np.array(points)).min(0),
            np.max(points or [middle], 0),
        )
        half = (MARGIN - 1) * (high - low) / 2
        return np.concatenate([low - half, high + half])

    def _score(self, anchor: np.ndarray, points: list[np.ndarray]) -> float:
        size = np.ptp([anchor, *points], axis=0).max() * MARGIN
        if size > self.sizes_px[1]:
            return self.beyond
        return self.score if size >= self.sizes_px[0] else 0.0

    def _write(
        self, out: dict[str, np.ndarray], anchor: np.ndarray, joints: list[tuple[int, np.ndarray]], score: float
    ) -> None:
        points = np.array([at for _, at in joints])
        middle, half = (points.min(0) + points.max(0)) / 2, MARGIN * np.ptp(points, axis=0) / 2
        low, high = middle - half, middle + half
        _peak(out["anchor_map"][0], anchor, score)
        around = _cells_near(out["box_sides"].shape[1:], anchor)
        out["box_sides"][:, *around] = np.array([*(anchor - low), *(high - anchor)])[:, None]
        for joint, at in joints:
            _peak(out["joint_maps"][joint], at, 0.8)
            out["joint_offsets"][2 * joint : 2 * joint + 2, *around] = (at - anchor)[:, None]
            out["joint_visible"][joint, *around] = 1.0
        y, x = np.mgrid[: out["person_mask"].shape[1], : out["person_mask"].shape[2]] * 4 + 1.5
        out["person_mask"][0] += (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
        out["person_mask"][0] = np.minimum(out["person_mask"][0], 1.0)


def _centres(image: np.ndarray, channel: int) -> np.ndarray:
    """Centres (K, 2) of dots in a colour; grey and black have none."""
    others = [c for c in range(3) if c != channel]
    excess = np.clip(image[channel] - image[others].max(axis=0), 0, None)
    labels, count = ndimage.label(excess > 0.02, structure=np.ones((3, 3)))
    index = np.arange(1, count + 1)
    strong = index[ndimage.maximum(excess, labels, index) > 0.3] if count else index
    found = ndimage.center_of_mass(excess, labels, strong) if len(strong) else []
    return np.array(found, float).reshape(-1, 2)[:, ::-1]


def _nearest(centres: np.ndarray, anchor: np.ndarray) -> np.ndarray | None:
    return None if not len(centres) else centres[np.linalg.norm(centres - anchor, axis=1).argmin()]


def _peak(plane: np.ndarray, at: np.ndarray, height: float) -> None:
    rows, columns = np.indices(plane.shape)
    x, y = (at + 0.5) / 4 - 0.5
    np.maximum(plane, height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4.5), out=plane)


def _cells_near(shape: tuple[int, ...], at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(shape)
    x, y = (at + 0.5) / 8 - 0.5
    return np.nonzero((np.abs(rows - y) <= 1.5) & (np.abs(columns - x) <= 1.5))  # as far as the encoder paints
