"""Measures `bodies.point_table` on Anny into the package: `python -m recipes.build_body_points`.

Points "on the skin" are the nearest vertex on one reference body (an adult in the middle of every label). With
`--table` it prints the points as the table of docs/skeleton_points.md. Extra [anny]; ten seconds.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from metricpose.bodies.anny import AnnyBody, AnnyShapes
from metricpose.bodies.point import BodyPoint
from metricpose.bodies.point_table import POINTS
from metricpose.bodies.regressors import PointRegressors
from metricpose.skeletons.points import other_side
from metricpose.virtual.render.body_pose import PERSON_FROM_ANNY

OUTPUT = Path("src/metricpose/weights/body_points.npz")
LEAST_WEIGHT = 5e-4  # of a keypoint's thousands of vertices: leaving out less moves no point by 0.3 mm
REFERENCE = {"gender": 0.5, "age": 0.67, "muscle": 0.5, "weight": 0.5, "height": 0.5, "proportions": 0.5}


def reference_body(body: AnnyBody) -> np.ndarray:
    """(V + B, 3) vertices and bone heads of the reference at rest: x forward, y left, z up."""
    phenotypes = {name: torch.tensor([value], dtype=body.model.dtype) for name, value in REFERENCE.items()}
    rest = body.rest(AnnyShapes(phenotypes=phenotypes, age_years=torch.tensor([30.0])))
    return np.concatenate([rest.vertices[0].numpy(), rest.joints[0].numpy()]) @ PERSON_FROM_ANNY.T


class Builder:
    """Rows over vertices and bone heads, each point after those it is made from."""

    def __init__(self, body: AnnyBody) -> None:
        self.reference = reference_body(body)
        self.keypoints = dict(
            zip(body.keypoint_regressor.labels, body.keypoint_regressor.regression_weights.numpy(), strict=True)
        )
        self.bones = {name: i for i, name in enumerate(body.joint_names)}
        self.vertices = len(self.reference) - len(self.bones)
        used = np.zeros(self.vertices, bool)
        used[body.model.faces.numpy().ravel()] = True
        self.skin = np.flatnonzero(used)
        self.rows: dict[str, np.ndarray] = {}

    def row(self, name: str) -> np.ndarray:
        if name not in self.rows:
            self.rows[name] = self._made(name)
        return self.rows[name]

    def _made(self, name: str) -> np.ndarray:
        kind, _, which = name.partition(":")
        row = np.zeros(len(self.reference))
        if kind == "bone":
            row[self.vertices + self.bones[which]] = 1.0
        elif kind == "keypoint":
            kept = np.where(self.keypoints[which] >= LEAST_WEIGHT, self.keypoints[which], 0.0)
            row[: self.vertices] = kept / kept.sum()
        else:
            row = self._of(POINTS[name])
        return row

    def _of(self, found: BodyPoint) -> np.ndarray:
        row = sum(weight * self.row(part) for part, weight in found.parts.items())
        assert isinstance(row, np.ndarray)
        if found.skin_m is None:
            return row
        target = row @ self.reference + np.array(found.skin_m)
        skin = self.skin
        if other_side(found.name) == found.name:  # in the middle of the body: on its line
            skin = skin[np.abs(self.reference[skin, 1]) < 1e-4]
        nearest = skin[np.linalg.norm(self.reference[skin] - target, axis=1).argmin()]
        row = np.zeros(len(self.reference))
        row[nearest] = 1.0
        return row


def build(body: AnnyBody) -> tuple[PointRegressors, np.ndarray]:
    """The regressors, and where the points (P, 3) lie on the reference."""
    builder = Builder(body)
    dense = np.stack([builder.row(name) for name in POINTS])
    rows, columns = np.nonzero(dense)
    made = PointRegressors(
        names=tuple(POINTS),
        vertex_count=builder.vertices,
        bone_count=len(builder.bones),
        rows=rows,
        columns=columns,
        weights=dense[rows, columns].astype(np.float32),
    )
    return made, dense @ builder.reference


def table(points: np.ndarray) -> str:
    """The points as Markdown; right ones are the left ones mirrored."""
    lines = [
        "| point | on the reference, cm forward, left, up | made from | how defined | sure to, mm |",
        "|" + "---|" * 5,
    ]
    for (name, found), place in zip(POINTS.items(), points, strict=True):
        if "right" in name or name.startswith("marker_R"):
            continue
        parts = ", ".join(f"{weight:.3g} {part}" for part, weight in found.parts.items())
        offset = () if found.skin_m is None else tuple(f"{100 * value:g}" for value in found.skin_m)
        skin = f"; skin nearest to that + ({', '.join(offset)}) cm" if offset else ""
        where = ", ".join(f"{100 * v:.1f}" for v in place)
        lines.append(f"| `{name}` | {where} | {parts}{skin} | {found.how} | {found.sure_mm} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Read the points of every skeleton off Anny")
    parser.add_argument("-o", type=Path, default=OUTPUT)
    parser.add_argument("--table", action="store_true", help="print the points as Markdown")
    options = parser.parse_args()
    made, points = build(AnnyBody())
    made.save(options.o)
    if options.table:
        print(table(points))


if __name__ == "__main__":
    main()
