"""Makes the packaged scene of `metricpose demo`: held-out bodies, clips and cameras; never seen in training.

    python recipes/build_demo_scene.py

chooses the first scene of a seed with four or more people of several kinds, and writes its two files.
"""

from pathlib import Path

import torch

from metricpose.io.people2d_json import write_people2d
from metricpose.io.people3d_json import write_people3d_json
from metricpose.io.records import ImagePeople2D, ImagePeople3D
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions
from metricpose.virtual.scene_people import camera_of, detected_people, family_of, tags_of, true_people
from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.world import WorldOptions, built_world

FOLDER = Path(__file__).parents[1] / "src" / "metricpose" / "cli" / "demo_scene"
SEED, COUNT = 4, 40_000


def suits(scenes: SceneBatch, index: int) -> bool:
    """Four to six people, all seen and none invented, a child and somebody sitting among them, nobody at the border."""
    real, present = scenes.real[index], scenes.present[index]
    words = tags_of(scenes, index)
    flat = {word for tags in words for word in tags}
    depth = scenes.joints_cam[index][real][..., 2].mean(-1)
    joints_px = scenes.joints_px[index][real]
    height_px = joints_px[..., 1].amax(1) - joints_px[..., 1].amin(1)
    seen = (scenes.detections.scores[index][real] > 0).sum(-1)
    return (
        4 <= int(real.sum()) <= 6
        and bool((real == present).all())
        and {"child", "adult", "standing", "sitting"} <= flat
        and not {"truncated", "raised", "lying"} & flat
        and float(depth.max()) < 12.0
        and float(joints_px[..., 0].min()) > 80.0
        and float(joints_px[..., 0].max()) < 1200.0
        and float(height_px.min()) > 110.0
        and int(seen.min()) >= 12
    )


def main() -> None:
    """Draw, choose, write."""
    world = built_world(
        WorldOptions(split="test", mocap_cache=Path("runs/mocap_cache.npz"), prior_share=0.0, procedural_count=20_000)
    )
    options = SceneOptions(
        cameras=CameraOptions(required=HELD_OUT_BANDS, sizes=((1280, 720),), level_share=1.0), child_share=0.3
    )
    scenes = generate_scenes(COUNT, world.poses, world.bodies, options, torch.Generator().manual_seed(SEED))
    index = next(i for i in range(len(scenes.present)) if suits(scenes, i))
    camera = camera_of(scenes.cameras, index, with_extrinsics=True)
    extra = {"tags": tags_of(scenes, index), "family": family_of(scenes.cameras, index)}
    FOLDER.mkdir(exist_ok=True)
    seen = ImagePeople2D(image="demo", people=detected_people(scenes, index, camera), camera=camera)
    write_people2d(FOLDER / "people2d.json", [seen])
    truth = ImagePeople3D(image="demo", people=true_people(scenes, index, camera), extra=extra)
    write_people3d_json(FOLDER / "truth.json", [truth])


if __name__ == "__main__":
    main()
