"""How all points of all skeletons hang on the packaged bodies: `python -m recipes.build_point_bank` (extra [anny]).

Draws the bank's bodies anew (recipes/build_body_bank.py, same seed), takes what their points owe to each bone in the
canonical T-pose (`virtual.body_points`) and gives it to the rig's nodes; lengths then get what each part of the body in
the bank has of its own. Points that are defined by COCO's joints follow the bank's. Three minutes on one core, 4 MB.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from metricpose.bodies.bank import BodyBank
from metricpose.bodies.point_table import POINTS
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.catalogue import COCO17
from metricpose.virtual.body_points import PointedBody, PointPoser, bone_turns, transforms_of
from metricpose.virtual.kinematics import posed
from metricpose.virtual.point_bank import PointBank
from metricpose.virtual.procedural import ProceduralPoses
from metricpose.virtual.render.body_pose import BONE_SHARES, measured_offsets, pivots
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS
from recipes.build_body_bank import ADULTS, BATCH, CANON_FROM_ANNY, CHILDREN, SEED

FOLDER = Path("runs/point_bank.npz")
LEAST_SHARE = 2e-3
_MARK = {"head": "nose"} | {f"{side}_{part}": f"{side}_{mark}" for side in ("left", "right")
                            for part, mark in (("hand", "hand_tip"), ("toes", "big_toe"))}  # fmt: skip


def bone_nodes(poser: PointPoser) -> np.ndarray:
    """(bones, 21) how much of each bone's turn comes from each node; other bones follow their parent."""
    shares = np.zeros((len(poser.rig.bones), len(NODES)))
    for bone, name in enumerate(poser.rig.bones):
        share = BONE_SHARES.get(name)
        if share is None:
            shares[bone] = shares[poser.rig.parents[bone]]
        else:
            shares[bone, NODES.index(share.near)] += 1 - share.swing
            shares[bone, NODES.index(share.far)] += share.swing
    return shares


def coco_parts(name: str) -> np.ndarray:
    """(17,) how much of each COCO joint is in a point's definition."""
    if name in COCO17.joints:
        return np.eye(17)[COCO17.joints.index(name)]
    parts = POINTS[name].parts if name in POINTS else {}
    return sum((weight * coco_parts(part) for part, weight in parts.items()), np.zeros(17))


def t_pose(offsets: np.ndarray) -> np.ndarray:
    """(21, 3) where the nodes lie in the T-pose."""
    nodes = np.zeros((len(NODES), 3))
    for node, parent in enumerate(PARENTS):
        nodes[node] = nodes[parent] + offsets[node] if parent >= 0 else 0.0
    return nodes


def hung(poser: PointPoser, body: PointedBody, shares: np.ndarray, curl: float) -> tuple[np.ndarray, np.ndarray]:
    """(P, 21) shares and (P, 21, 3) moments of a body's points, as Anny has them."""
    rest = np.eye(3)[None, None].repeat(len(NODES), 1)
    turns = bone_turns(poser.rig, body.rest, rest, curl)
    transforms = transforms_of(poser.rig.parents, pivots(poser.rig, body.rest), turns, body.rest.points["pelvis"])[0]
    placed = np.einsum("jrc,pjc->pjr", transforms, body.moments)
    nodes = t_pose(measured_offsets(body.rest.points)[0])
    share = body.moments[..., 3] @ shares
    return share, np.einsum("pjr,jn->pnr", placed, shares) - share[..., None] * nodes


def part_scales(bank: BodyBank, body: int, nodes: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """(21,) how much longer each part of a body of the bank is than Anny's."""
    scales = np.zeros(len(NODES))
    names = [name for name, _ in LANDMARKS]
    for node, name in enumerate(NODES):
        if name in _MARK:
            theirs, ours = bank.landmark_offsets[body, names.index(_MARK[name])], marks[names.index(_MARK[name])]
        else:
            child = PARENTS.index(node)
            theirs, ours = bank.node_offsets[body, child], nodes[child]
        scales[node] = np.linalg.norm(theirs) / np.linalg.norm(ours)
    return scales


def built(poser: PointPoser, bank: BodyBank) -> PointBank:
    """The bank of the points that are not COCO joints."""
    decoder = AffineAutoencoder.load()
    names, rows = poser.regressors.names, [poser.regressors.names.index(name) for name in decoder.points]
    coco, parts = [names.index(name) for name in COCO17.joints], np.stack([coco_parts(n) for n in decoder.points])
    on = np.array([NODES.index(node) for _, node in LANDMARKS[:17]])
    shares, rng = bone_nodes(poser), np.random.default_rng(SEED)
    share, moments = np.zeros((0, 0)), np.zeros((len(bank), len(rows), len(NODES), 3))
    for number, body in enumerate(bodies(poser, bank)):
        of_all, places = hung(poser, body, shares, float(rng.uniform(0.0, 0.7)))
        nodes, marks = measured_offsets(body.rest.points)
        scales = part_scales(bank, number, nodes, marks)
        if not 0.6 < scales.min() < scales.max() < 1.4:
            raise SystemExit(f"body {number}: parts {scales.min():.2f}-{scales.max():.2f} of Anny's; another bank")
        places = places * scales[:, None]
        share, moments[number] = (
            of_all[rows] - parts @ of_all[coco],
            places[rows] - np.tensordot(parts, places[coco], 1),
        )
        for joint, node in enumerate(on):  # COCO joints are those of the bank
            share[:, node] += parts[:, joint]
            moments[number, :, node] += parts[:, joint, None] * bank.landmark_offsets[number, joint]
    return _packed(decoder.points[17:], share[17:], moments[:, 17:])


def compared(poser: PointPoser) -> str:
    """How far points of the bank's kind lie from exactly skinned ones, on 12 adults in 80 procedural poses each."""
    decoder, shares, generator = AffineAutoencoder.load(), bone_nodes(poser), torch.Generator().manual_seed(0)
    rows = [poser.regressors.names.index(name) for name in decoder.points]
    parts, on = np.stack([coco_parts(n) for n in decoder.points]), [NODES.index(node) for _, node in LANDMARKS[:17]]
    apart = []
    for body in poser.bodies(12, 7, (18.0, 90.0)):
        rotations = ProceduralPoses().draw(80, generator)
        offsets, marks = measured_offsets(body.rest.points)
        nodes, landmarks = posed(
            torch.tensor(offsets).float().expand(80, -1, -1), torch.tensor(marks).float().expand(80, -1, -1), rotations
        )
        share, places = hung(poser, body, shares, 0.3)
        share, places = share[rows] - parts @ share[rows[:17]], places[rows] - np.tensordot(parts, places[rows[:17]], 1)
        for joint, node in enumerate(on):
            share[:, node] += parts[:, joint]
            places[:, node] += parts[:, joint, None] * marks[joint]
        found = np.einsum("nkij,pkj->npi", rotations.numpy(), places) + np.einsum("pk,nki->npi", share, nodes.numpy())
        found[:, :17] = landmarks[:, :17].numpy()
        exact = poser.posed(body, rotations.numpy(), 0.3)[:, rows]
        apart.append(1000 * np.linalg.norm(found - exact, axis=-1))
    coco, others = np.concatenate(apart)[:, :17], np.concatenate(apart)[:, 17:]
    return "\n".join(
        f"{name}: mean {values.mean():.1f}, median {np.median(values):.1f}, 95 % {np.quantile(values, 0.95):.1f} mm"
        for name, values in (("COCO's joints", coco), ("other points", others))
    )


def bodies(poser: PointPoser, bank: BodyBank) -> Iterator[PointedBody]:
    """The bank's people as Anny draws them, in order."""
    generator, done = torch.Generator().manual_seed(SEED), 0
    for count, ages in ((ADULTS, (18.0, 90.0)), (CHILDREN, (0.5, 17.0))):
        for start in range(0, count, BATCH):
            shapes = poser.anny.sample(min(BATCH, count - start), generator, ages_years=ages)
            rest = poser.anny.rest(shapes)
            if np.abs(shapes.age_years.numpy() - bank.age_years[done : done + len(shapes)]).max() > 0.1:
                raise SystemExit("these are not the bank's people: another version of Anny or torch")
            done += len(shapes)
            for vertices, heads in zip(rest.vertices.numpy(), rest.joints.numpy(), strict=True):
                yield poser.pointed(vertices @ CANON_FROM_ANNY.T, heads @ CANON_FROM_ANNY.T, 0.0)


def _packed(names: tuple[str, ...], share: np.ndarray, moments: np.ndarray) -> PointBank:
    """Without the pairs that hardly hold; what they held goes to the node that holds most."""
    kept, most = np.abs(share) > LEAST_SHARE, np.abs(share).argmax(axis=1)
    rest, left = np.where(kept, 0.0, share).sum(axis=1), np.where(kept[..., None], 0.0, moments).sum(axis=2)
    rows = np.arange(len(names))
    share[rows, most] += rest
    moments[:, rows, most] += left
    node, point = np.nonzero(kept.T)
    return PointBank(
        names=tuple(names), point=torch.as_tensor(point), node=torch.as_tensor(node),
        share=torch.as_tensor(share[point, node]).float(), moments=torch.as_tensor(moments[:, point, node]).float(),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Hang all points on the packaged bodies")
    parser.add_argument("-o", type=Path, default=FOLDER)
    parser.add_argument("--compare", action="store_true", help="only print how far points lie from exact ones")
    options = parser.parse_args()
    if options.compare:
        print(compared(PointPoser()))
        return
    built(PointPoser(), BodyBank.load()).save(options.o)


if __name__ == "__main__":
    main()
