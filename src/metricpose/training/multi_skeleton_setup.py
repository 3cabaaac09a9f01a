"""What the recipe of the multi-skeleton networks is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from metricpose._errors import InputError, WeightsError
from metricpose.losses.multi_skeleton import MultiSkeletonLossOptions, MultiSkeletonTargets, multi_skeleton_loss
from metricpose.models.agr_weights import tensors_and_facts
from metricpose.models.metrabs import MetrabsOptions
from metricpose.models.multi_skeleton import MultiSkeletonNet, Way
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet
from metricpose.training.aimed_people import AimedPeople
from metricpose.training.multi_skeleton_judging import answered, mean_figures, skeleton_figures
from metricpose.training.multi_skeleton_lessons import Lessons
from metricpose.training.setup import OptimiserOptions, TrainingSetup

MUON_PREFIXES = ("net.enter.", "net.attention.")
WEIGHTS = "multi_skeleton.safetensors"
_HEAD = "net.points_out."


@dataclass(frozen=True, kw_only=True, eq=False)
class MultiSkeletonTraining:
    """What the recipe chooses.

    Attributes:
        acae: for the ways that need one.
        body: weights of a crop network, of which the body is taken.
        begin: weights of a network of the same way, or of a `separate` one, that goes on.
    """

    way: Way
    joints: JointSet
    acae: AffineAutoencoder | None = None
    batch: int = 32
    seed: int = 0
    size: int = 128
    net: MetrabsOptions = field(default_factory=MetrabsOptions)
    loss: MultiSkeletonLossOptions = field(default_factory=MultiSkeletonLossOptions)
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    body: Path | None = None
    begin: Path | None = None


def multi_skeleton_setup(
    training: MultiSkeletonTraining, lessons: Lessons, validation: AimedPeople, device: torch.device
) -> TrainingSetup:
    """The complete set-up; validation asks for all joints of `training.joints`, which no data set alone has."""
    if training.acae is None and training.way not in ("merged", "separate"):
        raise InputError(f"multi-skeleton: expected an autoencoder for the way {training.way!r}, got none; give acae")
    torch.manual_seed(training.seed)
    net = MultiSkeletonNet(training.way, training.joints, training.acae, training.net)
    if training.body is not None:
        take_body(net, training.body)
    if training.begin is not None:
        go_on(net, training.begin)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def batch(generator: torch.Generator) -> Lessons:
        own = torch.Generator().manual_seed(
            int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
        )
        return lessons[torch.randint(len(lessons), (training.batch,), generator=own)]

    def loss(model: nn.Module, data: Lessons) -> Mapping[str, Tensor]:
        some = Lessons(**{name: value.to(device) for name, value in vars(data).items()})
        seen8 = some.seen8.float().contiguous(memory_format=torch.channels_last)
        answer = model(seen8, some.focal_px, some.centre_px)
        targets = MultiSkeletonTargets(
            joints_cam=some.joints_cam, joints_px=some.joints_px, labelled=some.labelled, inside=some.inside,
            size=training.size,
        )  # fmt: skip
        return multi_skeleton_loss(answer, targets, training.loss)

    def validate(model: nn.Module) -> Mapping[str, float]:
        assert isinstance(model, MultiSkeletonNet)
        found = answered(model, validation, training.size).double().numpy()
        figures = mean_figures(skeleton_figures(found, validation.joints_cam.double().numpy(), training.joints))
        return {**figures, "score": figures["mpjpe_mm"]}

    def finish(model: nn.Module, folder: Path) -> None:
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / WEIGHTS)

    return TrainingSetup(
        name=f"multi_skeleton_{training.way}", model=net, batch=batch, loss=loss, validate=validate, finish=finish,
        optimiser=training.optimiser, seed=training.seed,
    )  # fmt: skip


def take_body(net: MultiSkeletonNet, path: Path) -> None:
    """A crop network's weights for the body. WeightsError for those of another size."""
    tensors, _ = tensors_and_facts(path, "a crop network")
    try:
        net.net.body.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: expected weights of a crop network of the body's size: {error}") from None


def go_on(net: MultiSkeletonNet, path: Path) -> None:
    """The weights of a network of the same way, or of a `separate` one of the same joints, where latents then start as
    the joint in which they count most. WeightsError for another."""
    tensors, _ = tensors_and_facts(path, "a multi-skeleton network")
    own = net.state_dict()
    chosen = _points_from(net)
    for name in (f"{_HEAD}weight", f"{_HEAD}bias"):
        if name in tensors and tensors[name].shape != own[name].shape:
            maps = 1 + net.net.options.depth_cells
            by_point = tensors[name].unflatten(0, (-1, maps))
            if by_point.shape[0] != len(net.joint_set):
                raise WeightsError(f"{path}: expected a head for {len(net.joint_set)} joints, got {by_point.shape[0]}")
            tensors[name] = by_point[chosen].flatten(0, 1)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{path}: expected weights of a multi-skeleton network of these joints: {error}") from None


def _points_from(net: MultiSkeletonNet) -> Tensor:
    """The joint that each of the network's points starts from."""
    everyone = torch.arange(len(net.joint_set))
    nearest = net.decoder.argmax(0) if net.decoder.shape[1] else everyone
    return {"latent": nearest, "hybrid": torch.cat([everyone, nearest])}.get(net.way, everyone)
