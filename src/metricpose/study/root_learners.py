"""DE, BDR, TBS and TIF on heatmaps: depth of each person's root, placed at their 2D root.

As in the paper's section 3, TBS and TIF get true boxes and BDR true 2D roots, so that only depth is compared; DE gets
what the detector says. One loss for all, eq. (4), BDR's at all visible joints.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from metricpose.losses.voxel import depth_loss
from metricpose.models.feature_pyramid import FeaturePyramidOptions
from metricpose.models.root_by_box_size import RootByBoxSize, RootByBoxSizeOptions
from metricpose.models.root_by_depth_map import RootByDepthMap
from metricpose.models.root_by_pooled_features import RootByPooledFeatures, RootByPooledFeaturesOptions
from metricpose.models.seen_roots import SeenRoots
from metricpose.study.learner import Learner, Pupil, optimiser, unjudged, unwritten
from metricpose.study.root_samples import RootSampleOptions, RootSamples, RootTruth, root_samples
from metricpose.study.situation import RootAnswers
from metricpose.training.setup import TrainingSetup
from metricpose.virtual.scenes import SceneBatch

JOINTS = 17
PYRAMID = FeaturePyramidOptions(widths=(16, 32, 48, 64), blocks=1, neck=24)
_WIDTHS = (16, 32, 48, 64)
_CROP = 20
_RATE = 3e-3
_PYRAMID_LAYERS = ("stem.", "stages.", "merges.")
_HIDDEN = (
    "net.", "head.", *(f"{owner}.{layer}" for owner in ("depth_estimator", "pyramid") for layer in _PYRAMID_LAYERS),
)  # fmt: skip
_DEPTH_WEIGHT = 0.1  # canonical depths are some 20 m: brings the loss to the size that clipping is meant for
_CHUNK = 64
_FIRST_SCENES = 128

Loss = Callable[[nn.Module, RootSamples], Tensor]


def network(name: str, planes: int) -> nn.Module:
    """The network of a method for pictures of so many planes."""
    if name == "tbs":
        return RootByBoxSize(planes, RootByBoxSizeOptions(crop=_CROP, widths=_WIDTHS))
    if name == "tif":
        return RootByPooledFeatures(planes, JOINTS, RootByPooledFeaturesOptions(pyramid=PYRAMID, hidden=128))
    return RootByDepthMap(planes, PYRAMID)


def begun(model: nn.Module, truth: RootTruth) -> nn.Module:
    """`model` with a first answer at the median depth, for those that do not know the size of people."""
    if isinstance(model, RootByDepthMap | RootByPooledFeatures):
        out = model.depth_estimator.out if isinstance(model, RootByDepthMap) else model.out
        assert out.bias is not None
        with torch.no_grad():
            out.bias.fill_(float(truth.canonical_depth[truth.real].median().log()))
    return model


def loss_at_roots(model: nn.Module, data: RootSamples) -> Tensor:
    """Eq. (4)."""
    return depth_loss(model(data.seen), data.truth.canonical_depth, data.truth.real)


def loss_at_joints(model: nn.Module, data: RootSamples) -> Tensor:
    """Eq. (4) at all visible joints: BDR's map says the depth of each."""
    assert isinstance(model, RootByDepthMap)
    truth = data.truth
    said = model.depths_at(data.seen.planes, truth.joints_px.flatten(1, 2), data.seen.stride)
    return depth_loss(said, truth.joint_depths.flatten(1), truth.visible.flatten(1))


def _setup(name: str, loss: Loss, options: RootSampleOptions, pupil: Pupil) -> TrainingSetup:
    torch.manual_seed(pupil.seed)

    def batch(count: int, generator: torch.Generator) -> RootSamples:
        return root_samples(pupil.situation.scenes(count, generator), options)

    first = batch(_FIRST_SCENES, torch.Generator(pupil.device).manual_seed(pupil.seed))
    model = begun(network(name, JOINTS), first.truth)
    return root_training(pupil, model, loss, partial(batch, pupil.effort.scenes))


def root_training(
    pupil: Pupil, model: nn.Module, loss: Loss, batch: Callable[[torch.Generator], RootSamples]
) -> TrainingSetup:
    """The training of a network that says roots' depths, on heatmaps or pictures."""
    return TrainingSetup(
        name=pupil.name,
        model=model,
        batch=batch,
        loss=lambda model, data: {"total": _DEPTH_WEIGHT * loss(model, data)},
        validate=unjudged,
        finish=unwritten,
        optimiser=optimiser(pupil.effort, _RATE, _HIDDEN),
        seed=pupil.seed,
    )


def placed(depths: Tensor, data: RootSamples) -> RootAnswers:
    """Canonical depths (B, P) of the judged people, placed where the root is seen."""
    truth = data.truth
    depth = depths * truth.metres_per_canonical[:, None]
    roots_cam = torch.cat([truth.roots_norm * depth[..., None], depth[..., None]], -1)
    found = torch.ones_like(truth.real)
    return RootAnswers(*(value[truth.real] for value in (roots_cam, truth.roots_cam, found)))


def said_depths(model: nn.Module, data: RootSamples, chunk: int = _CHUNK) -> Tensor:
    """(B, P) m, canonical: the network's answer, `chunk` pictures at a time."""
    with torch.no_grad():
        parts = [model(seen_of(data.seen, rows)) for rows in torch.arange(len(data.truth.real)).split(chunk)]
    return torch.cat(parts)


def _answer(
    name: str, options: RootSampleOptions, model: nn.Module, scenes: SceneBatch, device: torch.device
) -> Mapping[str, RootAnswers]:
    data = root_samples(scenes, options)
    return {name: placed(said_depths(model, data), data)}


def seen_of(seen: SeenRoots, rows: Tensor) -> SeenRoots:
    """What is seen of some of the pictures."""
    return SeenRoots(
        planes=seen.planes[rows], stride=seen.stride, joint_maps=seen.joint_maps[rows], boxes_px=seen.boxes_px[rows],
        roots_px=seen.roots_px[rows], present=seen.present[rows],
    )  # fmt: skip


def _learner(name: str, loss: Loss, *, true_2d: bool) -> Learner:
    options = RootSampleOptions(true_2d=true_2d)
    return Learner(
        name=name, setup=partial(_setup, name, loss, options), answer=partial(_answer, name, options), answers=(name,)
    )


ROOT_LEARNERS: Mapping[str, Learner] = {
    "tbs": _learner("tbs", loss_at_roots, true_2d=True),
    "tif": _learner("tif", loss_at_roots, true_2d=True),
    "bdr": _learner("bdr", loss_at_joints, true_2d=True),
    "de": _learner("de", loss_at_roots, true_2d=False),
}
