"""Every point of every skeleton on one virtual person: Anny's bodies in poses of the canonical rig (extra `[anny]`).

Skinning is linear, so a point p of a body at rest needs no mesh to be posed: with skin weights s of its vertices,
p = sum over bones b of R_b m_b + t_b c_b, where m_b = sum_v w_v s_vb v and c_b = sum_v w_v s_vb. A bone's head goes
with its own bone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from metricpose.bodies.anny import AnnyBody
from metricpose.bodies.regressors import PointRegressors
from metricpose.geometry.rigid import rotation_between
from metricpose.virtual.render.body_pose import (
    BONE_SHARES,
    PERSON_FROM_ANNY,
    BodyRig,
    RestBody,
    finger_turns,
    node_turns,
    pivots,
    powered,
    rest_body,
    share_axis,
)
from metricpose.virtual.rig import NODES


@dataclass(frozen=True, kw_only=True, eq=False)
class PointedBody:
    """A body at rest, and how its P points hang on its J bones.

    Attributes:
        moments: (P, J, 4): m_b and c_b of the module's text.
        age_years: of the person.
    """

    rest: RestBody
    moments: np.ndarray
    age_years: float


class PointPoser:
    """Draws bodies and poses their points; building it takes Anny's ten seconds."""

    def __init__(self, regressors: PointRegressors | None = None) -> None:
        self.anny = AnnyBody()
        self.regressors = PointRegressors.load() if regressors is None else regressors
        model = self.anny.model
        self.rig = BodyRig(
            bones=tuple(model.bone_labels),
            parents=tuple(int(parent) for parent in model.bone_parents),
            skin_weights=model.dense_vertex_bone_weights.numpy().astype(np.float32),
            keypoints=tuple(self.anny.keypoint_regressor.labels),
            keypoint_weights=self.anny.keypoint_regressor.regression_weights.numpy().astype(np.float32),
        )

    def bodies(self, count: int, seed: int, ages_years: tuple[float, float]) -> Iterator[PointedBody]:
        """`count` bodies of evenly spread ages; another seed gives other people."""
        shapes = self.anny.sample(count, torch.Generator().manual_seed(seed), ages_years=ages_years)
        rest = self.anny.rest(shapes)
        for vertices, heads, age in zip(rest.vertices.numpy(), rest.joints.numpy(), shapes.age_years, strict=True):
            yield self.pointed(vertices @ PERSON_FROM_ANNY.T, heads @ PERSON_FROM_ANNY.T, float(age))

    def pointed(self, vertices: np.ndarray, heads: np.ndarray, age_years: float) -> PointedBody:
        """A body at rest, `vertices` (V, 3) and bone `heads` (J, 3) in the person's axes, with its points' moments."""
        found, bones = self.regressors, len(self.rig.bones)
        moments = np.zeros((len(found.names), bones, 4))
        on_skin = found.columns < found.vertex_count
        rows, columns = found.rows[on_skin], found.columns[on_skin]
        shares = found.weights[on_skin, None] * self.rig.skin_weights[columns]
        places = np.concatenate([vertices[columns], np.ones((len(columns), 1))], axis=1)
        np.add.at(moments, rows, shares[:, :, None] * places[:, None, :])
        rows, own = found.rows[~on_skin], found.columns[~on_skin] - found.vertex_count
        places = np.concatenate([heads[own], np.ones((len(own), 1))], axis=1)
        np.add.at(moments, (rows, own), found.weights[~on_skin, None] * places)
        return PointedBody(rest=rest_body(self.rig, vertices, heads), moments=moments, age_years=age_years)

    def posed(self, body: PointedBody, rotations: np.ndarray, finger_curl: float = 0.3) -> np.ndarray:
        """Points (N, P, 3) of the body in poses (N, 21, 3, 3) of the canonical rig: metres, from the pelvis node."""
        turns = bone_turns(self.rig, body.rest, np.asarray(rotations, float), finger_curl)
        transforms = transforms_of(self.rig.parents, pivots(self.rig, body.rest), turns, body.rest.points["pelvis"])
        flat = body.moments.reshape(len(body.moments), -1)
        return np.moveaxis(flat @ transforms.transpose(2, 1, 3, 0).reshape(3, flat.shape[1], -1), -1, 0).swapaxes(1, 2)


def bone_turns(rig: BodyRig, body: RestBody, rotations: np.ndarray, finger_curl: float) -> np.ndarray:
    """(N, J, 3, 3): `body_pose.bone_rotations` of N poses at once."""
    turned = rotations @ node_turns(body.points)
    from_rest = {str(node): turned[:, index] for index, node in enumerate(NODES)}
    curls = finger_turns(rig, body, finger_curl)
    turns = np.empty((len(rotations), len(rig.bones), 3, 3))
    for index, name in enumerate(rig.bones):
        share = BONE_SHARES.get(name)
        if share is None:
            turns[:, index] = turns[:, rig.parents[index]] @ curls.get(name, np.eye(3))
        elif share.near == share.far:
            turns[:, index] = from_rest[share.far]
        else:
            near, far = from_rest[share.near], from_rest[share.far]
            between, axis = near.swapaxes(-1, -2) @ far, share_axis(share, body.points)
            swing = np.asarray(rotation_between(np.broadcast_to(axis, (len(near), 3)), between @ axis))
            twist = swing.swapaxes(-1, -2) @ between
            turns[:, index] = near @ _powered(swing, share.swing) @ _powered(twist, share.twist)
    return turns


def _powered(rotations: np.ndarray, share: float) -> np.ndarray:
    """Rotations (N, 3, 3) about the same axes by `share` of their angles; half turns, of no axis here, one by one."""
    skew = (rotations - rotations.swapaxes(-1, -2)) / 2
    sine = np.sqrt((skew**2).sum((-1, -2)) / 2)
    cosine = (np.trace(rotations, axis1=-2, axis2=-1) - 1) / 2
    angle = share * np.arctan2(sine, cosine)
    unit = skew / np.maximum(sine, 1e-12)[:, None, None]
    turned = np.eye(3) + np.sin(angle)[:, None, None] * unit + (1 - np.cos(angle))[:, None, None] * unit @ unit
    for odd in np.flatnonzero(sine < 1e-6):
        turned[odd] = powered(rotations[odd], share)
    return turned


def transforms_of(parents: tuple[int, ...], places: np.ndarray, turns: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """(N, J, 3, 4): `body_pose.bone_transforms` of N poses at once."""
    transforms = np.empty((len(turns), len(parents), 3, 4))
    transforms[..., :3] = turns
    for bone, parent in enumerate(parents):
        if parent < 0:
            pivot, at = origin, np.zeros(3)
        else:
            pivot = places[bone]
            at = transforms[:, parent, :, :3] @ pivot + transforms[:, parent, :, 3]
        transforms[:, bone, :, 3] = at - turns[:, bone] @ pivot
    return transforms
