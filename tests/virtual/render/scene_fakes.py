"""People of capsules in place of dressed ones: quick, and with a surface that can be worked out by hand."""

import numpy as np
import torch

from metricpose.bodies.bank import BodyBank
from metricpose.virtual.kinematics import posed
from metricpose.virtual.pose_pool import PosePool, pooled
from metricpose.virtual.render.dressed import AssetUse, DressedPerson, DressOptions
from metricpose.virtual.rig import LANDMARKS, NODES
from tests.virtual.render.shapes import capsule

TPOSE = np.tile(np.eye(3), (21, 1, 1))
SHIRT = AssetUse(name="shirt01", kind="clothes", licence="CC0-1.0", sha256="ab" * 32)
_STICKS = [
    *((("pelvis", "spine"), 0.12), (("spine", "chest"), 0.12), (("chest", "neck"), 0.11), (("neck", "head"), 0.05)),
    (("head", "head_top"), 0.06),
    *(
        ((f"{side}_{start}", f"{side}_{end}"), radius)
        for side in ("left", "right")
        for start, end, radius in (
            ("upper_arm", "forearm", 0.045), ("forearm", "hand", 0.035), ("hand", "hand_tip", 0.02),
            ("thigh", "shin", 0.08), ("shin", "foot", 0.05), ("foot", "toes", 0.035),
        )
    ),
]  # fmt: skip


class Dresses:
    """Stands in for `Dresser`: one body, painted capsules; the seed is the colour."""

    def __init__(self) -> None:
        self.bank = BodyBank.load()
        self.seeds: list[tuple[int, str]] = []

    def dressed_person(self, seed, rotations, options=None) -> DressedPerson:
        options = options or DressOptions()
        self.seeds.append((seed, options.split))
        node_offsets, landmark_offsets = (
            torch.as_tensor(getattr(self.bank, name)[:1]).double() for name in ("node_offsets", "landmark_offsets")
        )
        nodes, marks = posed(node_offsets, landmark_offsets, torch.as_tensor(np.asarray(rotations))[None].double())
        points = dict(zip((name for name, _ in LANDMARKS), marks[0].numpy(), strict=True))
        points |= dict(zip(NODES, nodes[0].numpy(), strict=True))
        colour = np.random.default_rng(seed).uniform(0.05, 0.6, 3).astype(np.float32)
        middle = (points["left_ear"] + points["right_ear"]) / 2
        sticks = [(points[start], points[end], radius) for (start, end), radius in _STICKS]
        sticks.append((middle, middle, float(np.linalg.norm(points["nose"] - middle))))  # noses are on the head
        meshes = []
        for start, end, radius in sticks:
            mesh = capsule(start, end, radius, rings=24, kind="skin")
            meshes.append(type(mesh)(**{**vars(mesh), "colours": np.tile(colour, (len(mesh.vertices_world), 1))}))
        return DressedPerson(
            meshes=tuple(meshes), points=points, rotations=np.asarray(rotations),
            node_offsets=node_offsets[0].numpy(), landmark_offsets=landmark_offsets[0].numpy(),
            lowest_m=min(float(mesh.vertices_world[:, 2].min()) for mesh in meshes),
            age_years=30.0, sex=0.5, stature_m=1.7, phenotypes={"height": 0.5}, ita_degrees=20.0,
            assets=(SHIRT,), seed=seed, split=options.split,
        )  # fmt: skip


def standing_poses() -> PosePool:
    """A pool of the T-pose alone."""
    return pooled([(torch.eye(3).expand(1, 21, 3, 3), torch.zeros(1, dtype=torch.long), 1.0)])
