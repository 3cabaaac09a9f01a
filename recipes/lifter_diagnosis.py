"""Where the lifter's error comes from: the detector's noise, missing joints, clips it has not seen, invented poses.

    python recipes/lifter_diagnosis.py [--weights FILE.safetensors] [--scenes N]

Prints one row per source of poses, split and detector; figures without and with extrinsics, on trained camera ranges.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from metricpose.models.ray_lifter_engine import loaded_ray_lifter
from metricpose.training.lifter_judging import judged
from metricpose.virtual.camera_knowledge import EXACT, NOTHING
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions
from metricpose.virtual.lifting_batch import lifting_batch
from metricpose.virtual.noise import NoiseOptions
from metricpose.virtual.scenes import SceneOptions, generate_scenes
from metricpose.virtual.world import World, WorldOptions, built_world

NOISE = NoiseOptions()
EXACT_2D = replace(
    NOISE, median_multiplier=1e-3, hidden_multiplier=1.0, outlier=0.0, visible_missing=0.0, person_swapped=0.0,
    part_swapped=0.0, definition_m=0.0, thresholded=0.0, floor_px=0.0,
)  # fmt: skip
DETECTORS = {
    "as in the suite": NOISE,
    "exact 2D, hidden joints may be missing": EXACT_2D,
    "exact 2D, hidden joints told": replace(EXACT_2D, hidden_missing=0.0),
}
FIGURES = ("mrpe_z_percent", "mpjpe_mm", "pa_mpjpe_mm", "coverage_percent")


def _world(source: str, split: str, cache: Path) -> World:
    mocap = source == "mocap"
    options = WorldOptions(
        split=split,
        mocap_cache=cache if mocap else None,
        mocap_share=float(mocap),
        prior_share=0.0,
        procedural_share=float(not mocap),
        procedural_count=8000,
    )
    return built_world(options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("src/metricpose/weights/ray_lifter.safetensors"))
    parser.add_argument("--mocap-cache", type=Path, default=Path("runs/mocap_cache.npz"))
    parser.add_argument("--scenes", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    net = loaded_ray_lifter(args.weights)
    print("| poses | split | detector | " + " | ".join(f"{f} without / with" for f in FIGURES) + " |")
    print("|" + "---|" * (3 + len(FIGURES)))
    for source in ("mocap", "procedural"):
        for split in ("train", "test"):
            world = _world(source, split, args.mocap_cache)
            for name, noise in DETECTORS.items():
                cameras = CameraOptions(excluded=HELD_OUT_BANDS)
                options = SceneOptions(noise=noise, cameras=cameras, augmentation=None)
                generator = torch.Generator().manual_seed(args.seed)
                scenes = generate_scenes(args.scenes, world.poses, world.bodies, options, generator)
                rows = [judged(net, lifting_batch(scenes, known, generator)) for known in (NOTHING, EXACT)]
                cells = [f"{rows[0][figure]:.1f} / {rows[1][figure]:.1f}" for figure in FIGURES]
                print(f"| {source} | {split} | {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
