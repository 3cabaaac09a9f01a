"""Measures Anny bodies into src/metricpose/weights/bodies.npz: `python -m recipes.build_body_bank` (extra [anny]).

Every part of a body at rest is brought, rigidly, to the canonical T-pose of `metricpose.virtual.rig`; then lengths of
parts get the individual spread that Anny lacks, and whole bodies a plausible stature. Joint centres of the limbs are
Anny's COCO keypoints, not its bone heads: the bone heads put the knee 3 cm and the hip 2 cm from where anthropometry
has them (docs/weights/bodies.md). A minute on one core.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from metricpose.bodies.anny import AnnyBody
from metricpose.bodies.bank import BodyBank
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS

SEED = 20260
ADULTS, CHILDREN, BATCH = 2600, 1400, 100

CANON_FROM_ANNY = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # x forward, y left, z up <- x left, y back, z up

SPINE_BONES = {"spine": "spine04", "chest": "spine02", "neck": "neck01", "head": "head"}
LIMB_KEYPOINTS = {
    "upper_arm": "shoulder", "forearm": "elbow", "hand": "wrist", "thigh": "hip", "shin": "knee", "foot": "ankle",
}  # fmt: skip
PART_END = {
    "pelvis": "spine", "spine": "chest", "chest": "neck", "neck": "head", "head": "head_top",
    "clavicle": "upper_arm", "upper_arm": "forearm", "forearm": "hand", "hand": "hand_tip",
    "thigh": "shin", "shin": "foot", "foot": "toes", "toes": "big_toe",
}  # fmt: skip
"""Where the part that starts at each node ends: a node or a landmark."""
REST_AXIS = {"upper_arm": (0, 1, 0), "forearm": (0, 1, 0), "hand": (0, 1, 0), "thigh": (0, 0, -1), "shin": (0, 0, -1)}
"""Canonical direction of the left parts; the right ones are mirrored in y."""
SKIN = {
    "pelvis": ("root", "pelvis", "spine05"), "spine": ("spine04", "spine03"), "chest": ("spine02", "spine01", "breast"),
    "neck": ("neck",), "head": ("head", "eye", "jaw"), "clavicle": ("clavicle", "shoulder01"),
    "upper_arm": ("upperarm",), "forearm": ("lowerarm",), "hand": ("wrist", "metacarpal", "finger"),
    "thigh": ("upperleg",), "shin": ("lowerleg",), "foot": ("foot",), "toes": ("toe",),
}  # fmt: skip
"""Prefixes of the Anny bones whose skin belongs to each part."""


def sides(name: str) -> tuple[str, str]:
    """('left', 'thigh') of 'left_thigh'; ('', 'pelvis') of 'pelvis'."""
    side, _, rest = name.partition("_")
    return (side, rest) if side in ("left", "right") else ("", name)


class Measurer:
    """Points at rest of batches of Anny bodies, in canonical axes, and what is derived from them."""

    def __init__(self, body: AnnyBody) -> None:
        self.body = body
        self.bones = {name: i for i, name in enumerate(body.joint_names)}
        top = body.model.vertex_bone_weights.argmax(1, keepdim=True)
        self.vertex_bone = body.model.vertex_bone_indices.gather(1, top)[:, 0].numpy()

    def vertices_of(self, node: str) -> np.ndarray:
        side, part = sides(node)
        suffix = {"left": ".L", "right": ".R", "": ""}[side]
        bones = [i for name, i in self.bones.items() if name.startswith(SKIN[part]) and name.endswith(suffix)]
        return np.flatnonzero(np.isin(self.vertex_bone, bones))

    def points(self, shapes) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Vertices (B, V, 3) and every node and landmark by name, each (B, 3), at rest."""
        rest = self.body.rest(shapes)
        vertices = rest.vertices.numpy() @ CANON_FROM_ANNY.T
        heads = rest.joints.numpy() @ CANON_FROM_ANNY.T
        keypoints = {k: v.numpy() @ CANON_FROM_ANNY.T for k, v in self.body.keypoints(rest.vertices).items()}
        return vertices, keypoints | self.named_points(vertices, heads, keypoints)

    def named_points(self, vertices, heads, keypoints) -> dict[str, np.ndarray]:
        named = {node: heads[:, self.bones[bone]] for node, bone in SPINE_BONES.items()}
        named["pelvis"] = (keypoints["left_hip"] + keypoints["right_hip"]) / 2
        named["head_top"] = highest(vertices[:, self.vertices_of("head")])
        for side, letter in (("left", "L"), ("right", "R")):
            named |= {f"{side}_{part}": keypoints[f"{side}_{point}"] for part, point in LIMB_KEYPOINTS.items()}
            named[f"{side}_clavicle"] = heads[:, self.bones[f"clavicle.{letter}"]]
            toes = [self.bones[f"toe{i}-1.{letter}"] for i in range(1, 6)]
            named[f"{side}_toes"] = heads[:, toes].mean(1)
            finger = np.flatnonzero(self.vertex_bone == self.bones[f"finger3-3.{letter}"])
            named[f"{side}_hand_tip"] = farthest(vertices[:, finger], named[f"{side}_hand"])
        return named


def highest(points: np.ndarray) -> np.ndarray:
    return np.take_along_axis(points, points[..., 2].argmax(1)[:, None, None], 1)[:, 0]


def farthest(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(points - origin[:, None], axis=-1)
    return np.take_along_axis(points, distance.argmax(1)[:, None, None], 1)[:, 0]


def shortest_arc(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotations (B, 3, 3) that turn the directions `source` (B, 3) into `target` (B, 3) without twist."""
    a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (source, target))
    x, y, z = np.moveaxis(np.cross(a, b), -1, 0)
    zero = np.zeros_like(x)
    skew = np.stack([np.stack(r, -1) for r in ((zero, -z, y), (z, zero, -x), (-y, x, zero))], -2)
    return np.eye(3) + skew + skew @ skew / (1 + (a * b).sum(-1))[:, None, None]


def end_of(node: str) -> str:
    side, part = sides(node)
    end = PART_END[part]
    return end if not side else f"{side}_{end}"


def canonical_rotations(at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """For each node the rotation (B, 3, 3) that brings its part from Anny's rest pose to the canonical one."""
    people = len(at["pelvis"])
    rotations = {}
    for node in NODES:
        side, part = sides(node)
        if part in REST_AXIS:
            axis = np.array(REST_AXIS[part]) * ((1, -1, 1) if side == "right" else (1, 1, 1))
            rotations[node] = shortest_arc(at[end_of(node)] - at[node], np.broadcast_to(axis, (people, 3)))
        elif part in ("foot", "toes"):
            rotations[node] = straight_foot(at[f"{side}_foot"], at[f"{side}_toes"])
        else:
            rotations[node] = np.broadcast_to(np.eye(3), (people, 3, 3))
    return rotations


def straight_foot(ankle: np.ndarray, toes: np.ndarray) -> np.ndarray:
    """The turn about the vertical that points a foot forward: its sole stays as flat as it stood."""
    level = (toes - ankle) * (1, 1, 0)
    return shortest_arc(level, np.broadcast_to((1.0, 0, 0), level.shape))


def offsets(at: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Canonical rest offsets of the nodes (B, 21, 3) and of the landmarks (B, 27, 3)."""
    turn = canonical_rotations(at)
    nodes = np.zeros((len(at["pelvis"]), len(NODES), 3))
    for i, node in enumerate(NODES[1:], start=1):
        parent = NODES[PARENTS[i]]
        nodes[:, i] = np.einsum("bij,bj->bi", turn[parent], at[node] - at[parent])
    landmarks = [np.einsum("bij,bj->bi", turn[node], at[name] - at[node]) for name, node in LANDMARKS]
    return nodes, np.stack(landmarks, 1)


def radii(measurer: Measurer, vertices: np.ndarray, at: dict[str, np.ndarray]) -> np.ndarray:
    """(B, 21): median distance of a part's skin from its axis."""
    columns = []
    for node in NODES:
        start, end = at[node][:, None], at[end_of(node)][:, None]
        skin = vertices[:, measurer.vertices_of(node)] - start
        axis = end - start
        along = np.clip((skin * axis).sum(-1) / (axis * axis).sum(-1), 0, 1)
        columns.append(np.median(np.linalg.norm(skin - along[..., None] * axis, axis=-1), axis=1))
    return np.stack(columns, 1)


def soles(vertices: np.ndarray, at: dict[str, np.ndarray]) -> np.ndarray:
    """(B,): height of the ankles over the soles at rest."""
    return (at["left_foot"][:, 2] + at["right_foot"][:, 2]) / 2 - vertices[..., 2].min(1)


def standing_stature(nodes: np.ndarray, landmarks: np.ndarray, sole: np.ndarray) -> np.ndarray:
    """(B,): head top over sole in the canonical pose (Anny's rest pose straddles: 1-2 cm less)."""
    z = nodes[..., 2]
    up = sum(z[:, NODES.index(n)] for n in ("spine", "chest", "neck", "head"))
    head_top = landmarks[:, [n for n, _ in LANDMARKS].index("head_top"), 2]
    down = sum(z[:, NODES.index(f"left_{n}")] for n in ("thigh", "shin", "foot"))
    return up + head_top - down + sole


# How far people of one stature differ in the length of a part, beyond what Anny varies (relative standard deviations).
# From the residuals of segment lengths on stature in ANSUR (Gordon et al. 1989): 2.5-3.5 % for arms, legs and head.
INDIVIDUAL = {
    "pelvis": 0.02, "spine": 0.02, "chest": 0.015, "neck": 0.03, "head": 0.025, "clavicle": 0.025, "upper_arm": 0.025,
    "forearm": 0.025, "hand": 0.025, "thigh": 0.018, "shin": 0.018, "foot": 0.02, "toes": 0.02,
}  # fmt: skip

# Anny's women have shanks, thighs and forearms too short for their stature and a neck joint too low under the head top,
# against de Leva 1996 and ANSUR, where the sexes differ by 1-2 % only. Applied in full from 16 years, not before 6.
WOMEN = {"thigh": 1.02, "shin": 1.05, "forearm": 1.04, "head": 0.95}


# Median statures in metres by age: WHO child growth standards 2006 (0-5 years) and WHO reference 2007 (5-18 years).
GROWTH_YEARS = (0.5, *range(1, 19))
BOYS_M = (
    0.676, 0.757, 0.871, 0.961, 1.033, 1.10, 1.16, 1.217, 1.273, 1.326,
    1.378, 1.431, 1.491, 1.56, 1.632, 1.69, 1.729, 1.752, 1.761,
)  # fmt: skip
GIRLS_M = (
    0.657, 0.74, 0.857, 0.951, 1.027, 1.094, 1.151, 1.208, 1.266, 1.325,
    1.386, 1.45, 1.512, 1.564, 1.598, 1.617, 1.625, 1.629, 1.631,
)  # fmt: skip
ANNY_WOMEN_SHORT = 1.012  # Anny's women are 1.613 m on average where WHO's 18-year-olds are 1.631


def plausible_stature(stature: np.ndarray, age: np.ndarray, female: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Anny's statures, less what age takes, within 2.7 deviations of WHO's, 30 % of them of shorter populations.

    Loss with age after 40 as in Sorkin et al. 1999 (longitudinal): about 3 cm for men and 5 cm for women by 75.
    """
    median = np.where(female, np.interp(age, GROWTH_YEARS, GIRLS_M), np.interp(age, GROWTH_YEARS, BOYS_M))
    loss = np.where(female, 0.05, 0.03) * (np.clip(age - 40, 0, None) / 35) ** 1.5
    spread = 2.7 * 0.041 * median
    stature = stature * np.where(female & (age >= 18), ANNY_WOMEN_SHORT, 1.0)
    bounded = np.clip(stature, median - spread, median + spread) - np.minimum(loss, 0.08)
    population = np.where(rng.random(len(age)) < 0.7, 1.0, rng.uniform(0.94, 1.0, len(age)))
    return bounded * population


def part_factors(bodies: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """(B, 21): length of each part relative to Anny's; left and right are alike."""
    womanly = np.clip(bodies["sex"], 0, 1) * np.clip((bodies["age_years"] - 6) / 10, 0, 1)
    factor = {}
    for part, deviation in INDIVIDUAL.items():
        personal = 1 + deviation * np.clip(rng.standard_normal(len(womanly)), -2.5, 2.5)
        factor[part] = personal * (1 + womanly * (WOMEN.get(part, 1.0) - 1))
    return np.stack([factor[sides(node)[1]] for node in NODES], 1)


def individual(bodies: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Bodies whose parts have lengths of their own: what hangs on a part moves with its length."""
    factor = part_factors(bodies, rng)
    on = [NODES.index(node) for _, node in LANDMARKS]
    return bodies | {
        "node_offsets": bodies["node_offsets"] * factor[:, np.maximum(PARENTS, 0), None],
        "landmark_offsets": bodies["landmark_offsets"] * factor[:, on, None],
    }


def measured(
    measurer: Measurer, count: int, ages: tuple[float, float], generator: torch.Generator
) -> dict[str, np.ndarray]:
    """The bank's arrays of `count` bodies, as Anny gives them."""
    batches = []
    for start in range(0, count, BATCH):
        shapes = measurer.body.sample(min(BATCH, count - start), generator, ages_years=ages)
        vertices, at = measurer.points(shapes)
        nodes, landmarks = offsets(at)
        batches.append({
            "node_offsets": nodes, "landmark_offsets": landmarks, "radii": radii(measurer, vertices, at),
            "sole_m": soles(vertices, at), "age_years": shapes.age_years.numpy(),
            "sex": shapes.phenotypes["gender"].numpy(),
        })  # fmt: skip
    return {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}


def stature_of(bodies: dict[str, np.ndarray]) -> np.ndarray:
    return standing_stature(bodies["node_offsets"], bodies["landmark_offsets"], bodies["sole_m"])


def rescaled(bodies: dict[str, np.ndarray], target: np.ndarray) -> dict[str, np.ndarray]:
    """Whole bodies scaled to the statures `target` (B,)."""
    scale = target / stature_of(bodies)
    lengths = {
        key: bodies[key] * scale.reshape(-1, *[1] * (bodies[key].ndim - 1))
        for key in ("node_offsets", "landmark_offsets", "radii", "sole_m")
    }
    return bodies | lengths | {"stature_m": target}


def splits(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(np.array(["train", "val", "test"]), size=count, p=(0.7, 0.1, 0.2))


def build(adults: int, children: int) -> BodyBank:
    measurer = Measurer(AnnyBody())
    generator = torch.Generator().manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    groups = [measured(measurer, adults, (18.0, 90.0), generator), measured(measurer, children, (0.5, 17.0), generator)]
    bodies = {key: np.concatenate([g[key] for g in groups]) for key in groups[0]}
    target = plausible_stature(stature_of(bodies), bodies["age_years"], bodies["sex"] > 0.5, rng)
    bodies = rescaled(individual(bodies, rng), target)
    return BodyBank(split=splits(adults + children, rng), **bodies)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the packaged bank of bodies from Anny")
    parser.add_argument("-o", type=Path, default=Path("src/metricpose/weights/bodies.npz"))
    parser.add_argument("--adults", type=int, default=ADULTS)
    parser.add_argument("--children", type=int, default=CHILDREN)
    options = parser.parse_args()
    build(options.adults, options.children).save(options.o)


if __name__ == "__main__":
    main()
