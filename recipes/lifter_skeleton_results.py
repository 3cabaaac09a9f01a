"""The tables of docs/results/lifter_skeletons.md: `python -m recipes.lifter_skeleton_results` (extra [train]).

The people of the virtual suite (held-out clips and bodies, its five camera families), whose detector tells joints of
one skeleton: the lifter of every skeleton beside one of COCO's joints, whose input is converted by names. Needs the
point bank of recipes/build_point_bank.py and the mocap cache.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from metricpose.evaluation.metrics import pa_mpjpe
from metricpose.models.latent_lifter import LatentLifted, LatentLifterNet
from metricpose.models.ray_lifter import Lifted, RayLifterNet
from metricpose.models.ray_lifter_engine import loaded_ray_lifter
from metricpose.skeletons import converter, learnt_converter, skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.catalogue import COCO17
from metricpose.virtual.camera_knowledge import EXACT, NOTHING, KnowledgeOptions
from metricpose.virtual.lifting_batch import LiftingBatch
from metricpose.virtual.scenes import SceneBatch
from metricpose.virtual.skeleton_batch import Menu, SkeletonBatch, skeleton_batch
from metricpose.virtual.suite import SuiteOptions, suite_scenes

INPUTS = ("coco17", "body25", "mediapipe33", "h36m17", "mpii16")
SUBSETS: Mapping[str, tuple[str, ...]] = {
    "coco17 without the face": COCO17.joints[5:],
    "coco17 upper body": COCO17.joints[:13],
}
OUTPUTS = ("h36m17", "smpl24", "body25")
LIMBS = slice(5, 17)
_ACAE = AffineAutoencoder.load()


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Errors (M,) of people by name of the figure."""

    figures: Mapping[str, Tensor]

    def cells(self, names: Sequence[str]) -> list[float]:
        return [float(self.figures[name].mean()) for name in names]


def places_of(skeleton: str) -> list[int]:
    """Points of the autoencoder that the joints are."""
    return _ACAE.places_of(skeleton_named(skeleton))


def only(scenes: SceneBatch, joints: Sequence[str]) -> SceneBatch:
    """Scenes whose detector tells these joints of COCO-17 alone."""
    kept = torch.tensor([joint in joints for joint in COCO17.joints])
    found = scenes.detections
    return replace(scenes, detections=replace(found, scores=found.scores * kept))


def by_names(skeleton: str) -> Menu:
    """The skeleton as the former lifter saw it: joints that bear the names of COCO's."""
    menu, none = Menu.of({skeleton: 1.0}), len(_ACAE.points)
    convert = converter(skeleton_named(skeleton), COCO17)
    joint = torch.tensor(convert.weights).argmax(1)
    first = torch.where(torch.tensor(convert.covered), torch.tensor(places_of(skeleton))[joint], none)
    return replace(menu, first=first[None], second=torch.full_like(menu.second, none))


@torch.no_grad()
def answered(net: RayLifterNet, data: SkeletonBatch) -> Lifted | LatentLifted:
    seen = data.lifting
    if isinstance(net, LatentLifterNet):
        return net(seen.rays, seen.scores, seen.camera, seen.present, data.other_rays, data.other_scores)
    return net(seen.rays, seen.scores, seen.camera, seen.present)


def from_root(joints: Tensor, root: Tensor) -> Tensor:
    return joints - root[:, None]


def in_skeleton(net: RayLifterNet, lifted: Lifted | LatentLifted, real: Tensor, skeleton: str) -> Tensor:
    """(M, J, 3) m from the middle of COCO's hips: decoded from the latents, or converted from COCO's joints."""
    root = lifted.root_cam[real]
    if isinstance(lifted, LatentLifted):
        assert isinstance(net, LatentLifterNet)
        return net.decoder[places_of(skeleton)] @ from_root(lifted.latents_cam[real], root)
    weights = learnt_converter(COCO17, skeleton_named(skeleton), allow_guess=True).weights
    return torch.tensor(weights) @ from_root(lifted.joints_cam[real], root)


def true_in(data: SkeletonBatch, skeleton: str) -> Tensor:
    """(M, J, 3) m from the middle of COCO's hips."""
    real = data.lifting.real
    coco = data.lifting.joints_cam[real]
    everything = torch.cat([coco, data.others_cam[real]], 1)
    return from_root(everything[:, places_of(skeleton)], coco[:, (11, 12)].mean(1))


def judged(net: RayLifterNet, data: SkeletonBatch, skeleton: str) -> Judged:
    """On COCO-17, on its limbs, and in the skeleton of the input."""
    lifted, real = answered(net, data), data.lifting.real
    truth, own = data.lifting.joints_cam[real], lifted.joints_cam[real]
    root, own_root = truth[:, (11, 12)].mean(1), lifted.root_cam[real]
    error = 1000 * (from_root(own, own_root) - from_root(truth, root)).norm(dim=-1)
    other = 1000 * (in_skeleton(net, lifted, real, skeleton) - true_in(data, skeleton)).norm(dim=-1)
    interval = lifted.root_depth_interval[real]
    inside = (interval[:, 0] <= root[:, 2]) & (root[:, 2] <= interval[:, 1])
    return Judged(
        figures={
            "z%": 100 * (own_root - root)[:, 2].abs() / root[:, 2],
            "MPJPE": error.mean(-1),
            "PA": 1000 * pa_mpjpe(own, truth),
            "limbs": error[:, LIMBS].mean(-1),
            "own": other.mean(-1),
            "cover": 100 * inside.float(),
        }
    )


def scenes_of(options: argparse.Namespace, seed: int) -> Iterator[SceneBatch]:
    suite = SuiteOptions(
        scenes=options.scenes, seed=seed, mocap_cache=options.mocap_cache, point_bank=options.point_bank
    )
    for _, scenes in suite_scenes(suite):
        yield scenes


FIGURES = ("z%", "MPJPE", "PA", "limbs", "own", "cover")
Means = dict[tuple[str, str, str], list[list[float]]]


def inputs_table(nets: Mapping[str, RayLifterNet], options: argparse.Namespace) -> None:
    """Every input under every net, as means over seeds."""
    means: Means = {}
    for seed in options.seeds:
        people: dict[tuple[str, str, str], list[Judged]] = {}
        for scenes in scenes_of(options, seed):
            for known, camera in (("without", NOTHING), ("with", EXACT)):
                for name in (*INPUTS, *SUBSETS):
                    shown = only(scenes, SUBSETS[name]) if name in SUBSETS else scenes
                    skeleton = "coco17" if name in SUBSETS else name
                    for way, net in nets.items():
                        menu = Menu.of({skeleton: 1.0}) if way == "new" else by_names(skeleton)
                        data = skeleton_batch(shown, camera, menu, torch.Generator().manual_seed(0))
                        people.setdefault((name, way, known), []).append(judged(net, data, skeleton))
        for key, parts in people.items():
            all_of = {name: torch.cat([part.figures[name] for part in parts]) for name in FIGURES}
            means.setdefault(key, []).append(Judged(figures=all_of).cells(FIGURES))
        print(f"seed {seed}: {len(all_of['PA'])} people", flush=True)
    for known in ("without", "with"):
        print(f"\n{known} extrinsics\n\n| input | way | {' | '.join(FIGURES)} |\n|" + "---|" * (2 + len(FIGURES)))
        for name in (*INPUTS, *SUBSETS):
            for way in nets:
                values = np.array(means[name, way, known])
                cells = [f"{v:.2f}" if i == 0 else f"{v:.1f}" for i, v in enumerate(values.mean(0))]
                print(f"| {name} | {way} | {' | '.join(cells)} |")


def outputs_table(nets: Mapping[str, RayLifterNet], options: argparse.Namespace) -> None:
    """COCO-17 in, other skeletons out: mean error of the joints that the converter determines, and of all."""
    errors: dict[tuple[str, str, str], list[Tensor]] = {}
    for seed in options.seeds:
        for scenes in scenes_of(options, seed):
            for known, camera in (("without", NOTHING), ("with", EXACT)):
                data = skeleton_batch(scenes, camera, Menu.of({"coco17": 1.0}), torch.Generator().manual_seed(0))
                for way, net in nets.items():
                    lifted = answered(net, data)
                    for name in OUTPUTS:
                        found = in_skeleton(net, lifted, data.lifting.real, name)
                        error = 1000 * (found - true_in(data, name)).norm(dim=-1)
                        errors.setdefault((name, way, known), []).append(error)
    print("\n| output | way | determined joints, without / with | all joints, without / with |\n|---|---|---|---|")
    for name in OUTPUTS:
        sure = torch.tensor(learnt_converter(COCO17, skeleton_named(name)).covered)
        for way in nets:
            both = [torch.cat(errors[name, way, known]).mean(0) for known in ("without", "with")]
            some, every = ([f"{float(e[m].mean()):.1f}" for e in both] for m in (sure, torch.ones_like(sure)))
            print(f"| {name} ({int(sure.sum())} of {len(sure)}) | {way} | {' / '.join(some)} | {' / '.join(every)} |")


Answers = Callable[[nn.Module, LiftingBatch], tuple[Tensor, Tensor]]


@torch.no_grad()
def plain(net: nn.Module, data: LiftingBatch) -> tuple[Tensor, Tensor]:
    lifted = net(data.rays, data.scores, data.camera, data.present)
    return lifted.joints_cam, lifted.root_cam


def flipped(net: nn.Module, data: LiftingBatch) -> tuple[Tensor, Tensor]:
    """Of the mirrored people before the mirrored camera, mirrored back."""
    mirror, sign = list(COCO17.mirror), torch.tensor([-1.0, 1.0, 1.0])
    camera = torch.cat([data.camera[:, :3] * sign, data.camera[:, 3:]], 1)
    other = data._replace(rays=data.rays[:, :, mirror] * sign, scores=data.scores[:, :, mirror], camera=camera)
    joints, root = plain(net, other)
    return joints[:, :, mirror] * sign, root * sign


def shaken(net: nn.Module, data: LiftingBatch, seed: int, share: float) -> tuple[Tensor, Tensor]:
    """With 2D noise of `share` of the person's extent on every seen joint."""
    seen = data.scores > 0
    norm = data.rays[..., :2] / data.rays[..., 2:]
    count = seen.sum(-1, keepdim=True).clamp_min(1)[..., None]
    middle = (norm * seen[..., None]).sum(2, keepdim=True) / count
    extent = (((norm - middle).square().sum(-1) * seen).sum(-1) / count[..., 0, 0]).sqrt()
    noise = torch.randn(norm.shape, generator=torch.Generator().manual_seed(seed))
    moved = norm + share * 4 * extent[..., None, None] * noise * seen[..., None]  # the extent is a quarter of a stature
    rays = nn.functional.normalize(torch.cat([moved, torch.ones_like(moved[..., :1])], -1), dim=-1)
    return plain(net, data._replace(rays=rays))


def mean_of(parts: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Depths are averaged as logarithms would hardly differ: plainly."""
    return torch.stack([joints for joints, _ in parts]).mean(0), torch.stack([root for _, root in parts]).mean(0)


WAYS: Mapping[str, Answers] = {
    "once": plain,
    "with the mirrored": lambda net, data: mean_of([plain(net, data), flipped(net, data)]),
    "4 with noise of 0.5 %": lambda net, data: mean_of([shaken(net, data, k, 0.005) for k in range(4)]),
    "4 with noise of 1 %": lambda net, data: mean_of([shaken(net, data, k, 0.01) for k in range(4)]),
    "the mirrored, and 4 with noise of 0.5 %": lambda net, data: mean_of(
        [shaken(net, data, k, 0.005) for k in range(4)] + [flipped(net, data)] * 4
    ),
}


def averaging_table(net: RayLifterNet, options: argparse.Namespace) -> None:
    """What averages at test time give, COCO-17 in and out."""
    figures: dict[tuple[str, str], list[list[float]]] = {}
    for seed in options.seeds:
        whole: dict[tuple[str, str], list[Tensor]] = {}
        for scenes in scenes_of(options, seed):
            for known, camera in (("without", NOTHING), ("with", EXACT)):
                data = told(scenes, camera)
                for way, answer in WAYS.items():
                    whole.setdefault((way, known), []).append(_three(answer(net, data), data))
        for key, parts in whole.items():
            figures.setdefault(key, []).append(torch.cat(parts).mean(0).tolist())
    print("\n| average of | z% | MPJPE | PA, without / with |\n|---|---|---|---|")
    for way in WAYS:
        both = np.array([np.mean(figures[way, known], 0) for known in ("without", "with")])
        print(f"| {way} | " + " | ".join(f"{a:.2f} / {b:.2f}" for a, b in both.T) + " |")


def told(scenes: SceneBatch, camera: KnowledgeOptions) -> LiftingBatch:
    return skeleton_batch(scenes, camera, Menu.of({"coco17": 1.0}), torch.Generator().manual_seed(0)).lifting


def _three(answer: tuple[Tensor, Tensor], data: LiftingBatch) -> Tensor:
    """(M, 3) MRPE_z %, MPJPE mm, PA-MPJPE mm."""
    joints, own_root = (value[data.real] for value in answer)
    truth = data.joints_cam[data.real]
    root = truth[:, (11, 12)].mean(1)
    error = 1000 * (from_root(joints, own_root) - from_root(truth, root)).norm(dim=-1).mean(-1)
    depth = 100 * (own_root - root)[:, 2].abs() / root[:, 2]
    return torch.stack([depth, error, 1000 * pa_mpjpe(joints, truth)], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="The lifter in every skeleton, beside the former one")
    parser.add_argument("--weights", type=Path, default=Path("src/metricpose/weights/ray_lifter.safetensors"))
    parser.add_argument("--former", type=Path, required=True, help="weights of a lifter of COCO's joints")
    parser.add_argument("--mocap-cache", type=Path, default=Path("runs/mocap_cache.npz"))
    parser.add_argument("--point-bank", type=Path, default=Path("runs/point_bank.npz"))
    parser.add_argument("--scenes", type=int, default=600, help="of each camera family")
    parser.add_argument("--seeds", type=int, nargs="+", default=(2026, 2027, 2028))
    options = parser.parse_args()
    nets = {"new": loaded_ray_lifter(options.weights), "former": loaded_ray_lifter(options.former)}
    inputs_table(nets, options)
    outputs_table(nets, options)
    averaging_table(nets["new"], options)


if __name__ == "__main__":
    main()
