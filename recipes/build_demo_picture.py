"""Makes the packaged picture of `metricpose demo`: rendered people of the test split; never seen in training.

    python recipes/build_demo_picture.py --assets ../shared/data/makehuman_cc0 --mocap-cache runs/mocap_cache.npz

takes the first scene from a seed on with three people in good view at different distances, renders it, and writes the
picture and its truth.
"""

import argparse
from pathlib import Path

import numpy as np

from metricpose.geometry import Camera
from metricpose.io.people3d_json import write_people3d_json
from metricpose.io.records import ImagePeople3D
from metricpose.people import People3D
from metricpose.skeletons.catalogue import COCO17
from metricpose.virtual.render.dressed import DressOptions
from metricpose.virtual.render.labels import PictureLabels, picture_labels
from metricpose.virtual.render.people_scene import PeopleScene, SceneOptions, people_scene
from metricpose.virtual.render.pictures import PictureOptions, Studio, encoded_jpg
from metricpose.virtual.rig import LANDMARKS

FOLDER = Path(__file__).parents[1] / "src" / "metricpose" / "cli" / "demo_scene"
SIZE, QUALITY, MOST_BYTES = (960, 540), 90, 200_000
ADULT_YEARS = 14.0
SCENE = SceneOptions(
    split="test",
    sizes=(SIZE,),
    people=(0.0, 0.0, 1.0),
    beside_share=0.7,
    beside_m=(0.7, 1.7),
    jump_share=0.0,
    aimed_share=1.0,
    views=16,
    hiding_share=0.0,
    distortion_share=0.0,
    focal_over_longer=(0.75, 1.1),
    height_m=(1.2, 2.2),
    pitch_deg=(-2.0, 12.0),
    roll_max_deg=2.0,
    indoors_m=(2.6, 7.0),
    augmentation=None,
    dress=DressOptions(split="test", child_share=0.3, full_suit_share=0.0, barefoot_share=0.0),
    room_share=1.0,
)


def promising(scene: PeopleScene) -> bool:
    """Three people on their feet, wholly in the picture, large, apart in it and at clearly different distances."""
    if len(scene.people) != 3 or any(group != "standing" for group in scene.groups):
        return False
    joints, depths = [], []
    matrix = np.asarray(scene.camera.cam_from_world)
    for person in scene.people:
        cam = np.stack([person.points[name] for name, _ in LANDMARKS]) @ matrix[:3, :3].T + matrix[:3, 3]
        if cam[:, 2].min() < 1.0:
            return False
        joints.append(scene.camera.project(cam)[0])
        depths.append(float(cam[:, 2].mean()))
    px, near = np.stack(joints), np.sort(depths)
    low, high = px.min(axis=1), px.max(axis=1)
    order = np.argsort(low[:, 0])
    apart = low[order[1:], 0] - high[order[:-1], 0]
    return bool(
        (low >= 12).all()
        and (high <= np.array(SIZE) - 12).all()
        and (high - low)[:, 1].min() >= 110
        and apart.min() >= 0
        and np.diff(near).min() >= 0.35
    )


def in_good_view(labels: PictureLabels) -> bool:
    """Most joints of COCO-17 from the shoulders down, and somebody's face."""
    visible = labels.joints["coco17"].visible
    return bool(visible[:, 5:].mean(axis=1).min() >= 0.65 and visible[:, 0].any())


def well_lit(rgb: np.ndarray) -> bool:
    """Neither a dark room nor one that is white all over."""
    return bool(80 <= np.median(rgb) <= 190)


def truth_of(scene: PeopleScene, labels: PictureLabels, camera: Camera) -> ImagePeople3D:
    """The people as a file of people in metres, with words about each."""
    joints = labels.joints["coco17"]
    depth = joints.joints_cam[:, [11, 12], 2].mean(axis=1)
    people = People3D(
        joints_cam=joints.joints_cam.astype(np.float32),
        joint_sigma=np.zeros(joints.joints_cam.shape[:2]),
        root_depth_interval=np.stack([depth, depth], axis=1),
        joints_px=joints.joints_px,
        joint_scores=joints.visible.astype(np.float32),
        boxes_px=labels.boxes_px,
        scores=np.ones(len(depth)),
        skeleton=COCO17,
        camera=camera,
        camera_source="given",
        ids=tuple(range(len(depth))),
    )
    ages = [person.age_years for person in scene.people]
    tags = [[group, "child" if age < ADULT_YEARS else "adult"] for group, age in zip(scene.groups, ages, strict=True)]
    extra = {
        "tags": tags,
        "background": {"name": scene.environment.name, "licence": scene.environment.licence},
        "assets": sorted({f"{use.name} ({use.licence})" for person in scene.people for use in person.assets}),
    }
    return ImagePeople3D(image="picture.jpg", people=people, extra=extra)


def main() -> None:
    """Draw, choose, render, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=Path, help="MakeHuman's clothes and hair")
    parser.add_argument("--mocap-cache", type=Path, help="poses of recorded motion (recipes/build_mocap_cache.py)")
    parser.add_argument("--seed", type=int, default=1086, help="of the first scene that is tried")
    parser.add_argument("--output", type=Path, default=FOLDER)
    args = parser.parse_args()
    studio = Studio(
        PictureOptions(
            scene=SCENE,
            faults=None,
            assets=args.assets,
            mocap_cache=args.mocap_cache,
            pose_shares=(1.0, 0.0, 0.0) if args.mocap_cache else (0.0, 0.5, 0.5),
            poses_per_source=3000,
        )
    )
    seed = args.seed
    while True:
        scene = people_scene(seed, studio.dresser, studio.poses, SCENE)
        if promising(scene):
            rendered = studio.renderer(SIZE).render(scene.meshes, scene.camera, scene.environment)
            labels = picture_labels(scene, rendered, ("coco17",))
            if in_good_view(labels) and well_lit(rendered.rgb):
                break
        seed += 1
    jpg = encoded_jpg(rendered.rgb, QUALITY)
    if len(jpg) > MOST_BYTES:
        raise SystemExit(f"seed {seed}: expected a picture of at most {MOST_BYTES} bytes, got {len(jpg)}")
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "picture.jpg").write_bytes(jpg)
    write_people3d_json(args.output / "picture_truth.json", [truth_of(scene, labels, scene.camera)])
    print(f"seed {seed}: {len(jpg)} bytes, written to {args.output}")


if __name__ == "__main__":
    main()
