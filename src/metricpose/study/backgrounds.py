"""The study of backgrounds: TBS, TIF and BDR see pictures, before a plain green background or before a room.

VirtualPose (ECCV 2022), table 1: trained on green ones, or on green and others ("augmented"), tested on both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from metricpose._errors import InputError
from metricpose.agr.encode import owned_cells, peak_maps
from metricpose.models.seen_roots import SeenRoots
from metricpose.study.learner import Learner, Pupil
from metricpose.study.picture_sets import SIZE, STRIDE, PictureSet, read_set
from metricpose.study.root_learners import (
    Loss,
    begun,
    loss_at_joints,
    loss_at_roots,
    network,
    placed,
    root_training,
    said_depths,
)
from metricpose.study.root_samples import RootSamples, RootTruth, boxes_about, clipped_boxes
from metricpose.study.situation import RootAnswers
from metricpose.study.studies import Study
from metricpose.training.setup import TrainingSetup

_HIPS = [11, 12]
_MEAN, _SPREAD = 0.45, 0.25  # of everyday pictures, values in [0, 1]
_CHUNK = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureSituation:
    """Pictures to learn from, or to be tested on. green_share: of the pictures are before green."""

    name: str
    pictures: PictureSet
    green_share: float

    def samples(self, count: int, generator: torch.Generator) -> RootSamples:
        """`count` pictures drawn, half of them mirrored."""
        index = torch.randint(len(self.pictures), (count,), generator=generator)
        green = torch.rand(count, generator=generator) < self.green_share
        mirrored = torch.rand(count, generator=generator) < 0.5
        return picture_samples(self.pictures, index, green, mirrored)

    def test_scenes(self, count: int, device: torch.device) -> RootSamples:
        """The first `count` pictures, as they are."""
        index = torch.arange(min(count, len(self.pictures)))
        plain = torch.zeros(len(index), dtype=torch.bool)
        return picture_samples(self.pictures, index, plain | (self.green_share > 0.5), plain)


def built_backgrounds(folder: Path | None) -> Study:
    """The study's situations of the pictures in folders `train` and `test`. Raises InputError where there are none."""
    if folder is None:
        raise InputError("study backgrounds: expected a folder of rendered people, got none; give --pictures")
    train, test = (read_set(folder / split) for split in ("train", "test"))
    shares = {"green": 1.0, "augmented": 0.5}
    return Study(
        name="backgrounds",
        world="backgrounds",
        training={name: PictureSituation(name=name, pictures=train, green_share=s) for name, s in shares.items()},
        tests={name: PictureSituation(name=name, pictures=test, green_share=float(name == "green")) for name in shares},
    )


def picture_samples(pictures: PictureSet, index: Tensor, green: Tensor, mirrored: Tensor) -> RootSamples:
    """Pictures `index` (B,): before green or as rendered, and mirrored or not (B,), with true boxes and 2D roots."""
    planes = torch.where(green[:, None, None, None], pictures.green[index], pictures.rendered[index])
    planes = (planes.float() / 255 - _MEAN) / _SPREAD
    planes = torch.where(mirrored[:, None, None, None], planes.flip(-1), planes)
    joints_px, roots_px = (_mirrored(px[index], mirrored) for px in (pictures.joints_px, pictures.roots_px))
    judged, visible = pictures.judged[index], pictures.visible[index]
    scores = visible.float()
    size_px = torch.tensor(SIZE, dtype=torch.float32).expand(len(index), 2)
    boxes_px = clipped_boxes(boxes_about(joints_px, judged[..., None].expand_as(scores).float()), size_px)
    cells = owned_cells(
        boxes_px=boxes_px, roots_px=roots_px, present=judged, map_size=(SIZE[0] // STRIDE, SIZE[1] // STRIDE),
        stride=STRIDE,
    )  # fmt: skip
    maps = peak_maps(joints_px, scores, cells, (SIZE[0] // STRIDE, SIZE[1] // STRIDE))[0]
    canonical, joints_cam = pictures.canonical[index], pictures.joints_cam[index]
    roots_cam = joints_cam[:, :, _HIPS].mean(2)
    roots_norm = pictures.roots_norm[index]
    truth = RootTruth(
        canonical_depth=roots_cam[..., 2] / canonical[:, None], real=judged, joints_px=joints_px,
        joint_depths=joints_cam[..., 2] / canonical[:, None, None], visible=visible, roots_norm=roots_norm,
        metres_per_canonical=canonical, roots_cam=roots_cam,
    )  # fmt: skip
    seen = SeenRoots(
        planes=planes, stride=float(STRIDE), joint_maps=maps, boxes_px=boxes_px, roots_px=roots_px, present=judged
    )
    return RootSamples(seen, truth)


def _mirrored(px: Tensor, mirrored: Tensor) -> Tensor:
    """Pixels (B, ..., 2) of pictures, some of them mirrored. Left and right keep their names: no method here cares."""
    other = torch.stack([SIZE[0] - 1 - px[..., 0], px[..., 1]], -1)
    return torch.where(mirrored.reshape(-1, *(1,) * (px.ndim - 1)), other, px)


def _setup(name: str, loss: Loss, pupil: Pupil) -> TrainingSetup:
    situation = pupil.situation
    assert isinstance(situation, PictureSituation)
    torch.manual_seed(pupil.seed)
    model = begun(network(name, 3), situation.samples(128, torch.Generator().manual_seed(pupil.seed)).truth)
    return root_training(pupil, model, loss, lambda generator: situation.samples(pupil.effort.scenes, generator))


def _answer(name: str, model: nn.Module, data: RootSamples, device: torch.device) -> Mapping[str, RootAnswers]:
    return {name: placed(said_depths(model, data, _CHUNK), data)}


def _learner(name: str, loss: Loss) -> Learner:
    return Learner(name=name, setup=partial(_setup, name, loss), answer=partial(_answer, name), answers=(name,))


PICTURE_LEARNERS: Mapping[str, Learner] = {
    "tbs": _learner("tbs", loss_at_roots),
    "tif": _learner("tif", loss_at_roots),
    "bdr": _learner("bdr", loss_at_joints),
}
