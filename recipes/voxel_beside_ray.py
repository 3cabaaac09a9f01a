"""VirtualPose's second stage beside the ray lifter on the virtual suite: errors, and what each answer costs.

python -m recipes.voxel_beside_ray --mocap-cache runs/mocap_cache.npz                    (the shipped weights)
python -m recipes.voxel_beside_ray --mocap-cache runs/mocap_cache.npz --voxel runs/voxel/voxel_pose.safetensors

Both see the same 2D people of the same pictures and answer all of them; truth serves for judging alone. Costs are
medians over pictures with so many people, one picture a call, both lifters in turns.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch.utils.flop_counter import FlopCounterMode

from metricpose.cli.suite import Picture, suite_pictures
from metricpose.evaluation import evaluate
from metricpose.inference import RayLifter
from metricpose.inference.voxel import VoxelLifter
from metricpose.people import People3D
from metricpose.virtual.suite import SuiteOptions, suite_scenes

KNOWN = {"without extrinsics": False, "with extrinsics": True}
FIGURES = ("mrpe", "mrpe_z", "mrpe_z_percent", "mpjpe", "pa_mpjpe")
_TIMED = 30

Lift = Callable[[Sequence[tuple]], Sequence[People3D]]


def main() -> None:
    args = arguments()
    options = SuiteOptions(scenes=args.scenes, seed=args.seed, mocap_cache=args.mocap_cache)
    pictures = suite_pictures(list(suite_scenes(options)))
    ray, voxel = RayLifter.load(), VoxelLifter.load(args.voxel, device="cpu")
    found: dict[str, float] = {}
    print(f"{len(pictures)} pictures, {sum(len(p.truth) for p in pictures)} people, seed {args.seed}\n")
    print("| lifter | knows | MRPE mm | MRPE_z mm | MRPE_z % | MPJPE mm | PA-MPJPE mm | 90 % interval covers |")
    print("|" + "---|" * 8)
    for name, known in KNOWN.items():
        inputs = [(p.seen, p.camera if known else p.camera.replaced(cam_from_world=None)) for p in pictures]
        lifted = voxel.many(inputs)
        found[name] = 100 * float(np.concatenate([one.found for one in lifted]).mean())
        print(row("ray", name, pictures, ray.many(inputs)))
        print(row("voxel", name, pictures, [one.people for one in lifted]))
    print("\nREN has found, % of the 2D people:", {name: round(value, 1) for name, value in found.items()})
    costs(pictures, ray, voxel)


def row(lifter: str, known: str, pictures: Sequence[Picture], people: Sequence[People3D]) -> str:
    """A line of the table."""
    answers = [(p.name, one) for p, one in zip(pictures, people, strict=True)]
    overall = evaluate(answers, [(p.name, p.truth) for p in pictures]).overall
    covered = []
    for picture, one in zip(pictures, people, strict=True):
        assert one.ids is not None and picture.truth.ids is not None
        mine = [one.ids.index(person) for person in picture.truth.ids]
        low, high = one.root_depth_interval[mine].T
        covered.append((low <= picture.truth.root_cam[:, 2]) & (picture.truth.root_cam[:, 2] <= high))
    cells = [f"{overall[key].value:.1f}" for key in FIGURES]
    return "| " + " | ".join([lifter, known, *cells, f"{100 * np.concatenate(covered).mean():.0f} %"]) + " |"


def costs(pictures: Sequence[Picture], ray: RayLifter, voxel: VoxelLifter) -> None:
    """Milliseconds of a picture with 1, 2 and 4 people, and the arithmetic of the voxel lifter."""
    print("\n| people | ray ms | voxel ms | voxel GFLOP |\n|---|---|---|---|")
    for count in (1, 2, 4):
        some = [(p.seen, p.camera) for p in pictures if len(p.seen) == count][:_TIMED]
        if not some:
            continue
        spent: dict[str, list[float]] = {"ray": [], "voxel": []}
        for one in some:
            for name, lift in (("ray", ray), ("voxel", voxel)):
                start = time.perf_counter()
                lift(*one)
                spent[name].append(1e3 * (time.perf_counter() - start))
        with FlopCounterMode(display=False) as counter:
            voxel(*some[0])
        medians = [f"{np.median(values):.1f}" for values in spent.values()]
        print(f"| {count} | {medians[0]} | {medians[1]} | {counter.get_total_flops() / 1e9:.1f} |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap-cache", type=Path, help="made by recipes/build_mocap_cache.py")
    parser.add_argument("--voxel", type=Path, help="weights of the second stage (default: the shipped ones)")
    parser.add_argument("--scenes", type=int, default=120, help="of each family of cameras (default 120)")
    parser.add_argument("--seed", type=int, default=2026)
    return parser.parse_args()


if __name__ == "__main__":
    main()
