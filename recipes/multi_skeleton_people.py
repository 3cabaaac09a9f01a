"""Six virtual "data sets" that differ as real ones do: `python -m recipes.multi_skeleton_people` (extras as `study`).

Each has its own cameras, poses and looks, and will be asked for its own skeleton alone; what is written holds all
points of everybody, for the truth of the test set. People of `val` and `test` have other bodies, clothes, clips and
backgrounds (docs/data_splits.md), and cameras from a wider range than any of the six.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from metricpose.bodies.regressors import PointRegressors
from metricpose.virtual.aimed import aimed_view, seen_through
from metricpose.virtual.pose_pool import VARIED, PoseAugmentation
from metricpose.virtual.render.camera_faults import FaultOptions, drawn_faults, with_faults
from metricpose.virtual.render.dressed import Dresser, DressOptions
from metricpose.virtual.render.labels import modal_boxes
from metricpose.virtual.render.people_scene import SceneOptions, people_scene
from metricpose.virtual.render.pictures import PictureOptions, Studio
from metricpose.virtual.render.watchdog import Failed, WatchOptions, watched

FOLDER = Path("runs/multi_skeleton_people")
PX, FACTOR = 192, 1.9  # of a patch; as `training.crop_patches`
_LEAST_PX, _LEAST_INSIDE = 60.0, 0.3
_SEEDS = 1_000_000  # between data sets
_ALONE, _SIZE = (1.0,), (416, 416)


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """How one set is drawn; skeleton: what it labels."""

    name: str
    skeleton: str
    scene: SceneOptions
    pose_shares: tuple[float, float, float] = (1.0, 0.0, 0.0)  # mocap, prior, procedural
    faults: FaultOptions | None = None
    outdoors: bool = False


def _scene(**changes: object) -> SceneOptions:
    plain = SceneOptions(
        sizes=(_SIZE,), people=_ALONE, least_px=130.0, hiding_share=0.0, distortion_share=0.0, roll_max_deg=2.0,
        room_share=0.0, dress=DressOptions(child_share=0.0), indoors_m=(1.5, 6.0), outdoors_m=(1.5, 10.0),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


_ANYBODY = _scene(people=(0.6, 0.3, 0.1), hiding_share=0.2, roll_max_deg=15.0, room_share=0.3, dress=DressOptions())
DATA_SETS = (
    DataSet(
        name="studio", skeleton="h36m17",
        scene=_scene(focal_over_longer=(1.0, 1.3), height_m=(1.2, 1.8), pitch_deg=(0.0, 15.0)),
    ),
    DataSet(
        name="outdoor", skeleton="smpl24", outdoors=True, faults=FaultOptions(motion_share=0.4),
        scene=_scene(focal_over_longer=(0.8, 1.6), height_m=(1.2, 2.2), pitch_deg=(-5.0, 15.0), roll_max_deg=8.0),
    ),
    DataSet(
        name="crowd", skeleton="coco17", outdoors=True, faults=FaultOptions(), pose_shares=(0.5, 0.2, 0.3),
        scene=_scene(
            people=(0.3, 0.4, 0.3), hiding_share=0.4, room_share=0.4, dress=DressOptions(child_share=0.3),
            height_m=(0.8, 2.5), pitch_deg=(-10.0, 25.0),
        ),
    ),
    DataSet(
        name="green room", skeleton="mpi_inf_3dhp28", pose_shares=(0.0, 0.0, 1.0),
        scene=_scene(focal_over_longer=(0.7, 1.2), height_m=(0.4, 2.3), pitch_deg=(-10.0, 45.0), hiding_share=0.1),
    ),
    DataSet(
        name="dome", skeleton="panoptic19", pose_shares=(0.6, 0.4, 0.0),
        scene=_scene(
            focal_over_longer=(0.5, 0.9), height_m=(0.5, 2.3), pitch_deg=(-5.0, 40.0),
            dress=DressOptions(child_share=0.1),
        ),
    ),
    DataSet(
        name="sports", skeleton="halpe26", outdoors=True, pose_shares=(0.5, 0.0, 0.5), faults=FaultOptions(),
        scene=_scene(
            focal_over_longer=(1.2, 2.0), height_m=(1.0, 4.0), pitch_deg=(0.0, 40.0), augmentation=VARIED,
        ),
    ),
)  # fmt: skip
HELD_OUT = tuple(
    DataSet(
        name=split, skeleton="all", outdoors=True, pose_shares=(0.5, 0.1, 0.4), faults=FaultOptions(),
        scene=replace(_ANYBODY, split=split, dress=DressOptions(split=split), augmentation=PoseAugmentation()),
    )
    for split in ("val", "test")
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Folders of garments and panoramas, the cache of mocap."""

    assets: Path
    panoramas: Path
    mocap_cache: Path
    sets: tuple[DataSet, ...] = field(default=(*DATA_SETS, *HELD_OUT))


def prepared(sources: Sources, regressors: PointRegressors) -> Callable[[int], list[dict[str, np.ndarray]]]:
    """For the watchdog: from seed to the people of one picture."""
    dresser = Dresser(sources.assets, regressors=regressors)
    studios: dict[int, Studio] = {}

    def drawn(seed: int) -> list[dict[str, np.ndarray]]:
        number = seed // _SEEDS
        if number not in studios:
            studios[number] = Studio(_options(sources, sources.sets[number]), dresser=dresser)
        return _people(seed, studios[number])

    return drawn


def _options(sources: Sources, data: DataSet) -> PictureOptions:
    scene = replace(data.scene, panoramas=sources.panoramas if data.outdoors else None)
    return PictureOptions(
        scene=scene, faults=data.faults, assets=sources.assets, mocap_cache=sources.mocap_cache,
        poses_per_source=5_000, pose_shares=data.pose_shares,
    )  # fmt: skip


def _people(seed: int, studio: Studio) -> list[dict[str, np.ndarray]]:
    """Of all who are seen well enough: `patch` (PX, PX, 3) uint8, `focal_px`, `points_cam` (P, 3) m in the view's
    frame, `inside` (P,), which of the points are in the picture."""
    scene = people_scene(seed, studio.dresser, studio.poses, studio.options.scene)
    rendered = studio.renderer(scene.camera.image_size).render(scene.meshes, scene.camera, scene.environment)
    rgb = rendered.rgb
    if studio.options.faults is not None:
        rgb = with_faults(rgb, drawn_faults(seed, studio.options.faults), seed)
    boxes, _ = modal_boxes(rendered.person_ids, len(scene.people))
    matrix = np.asarray(scene.camera.cam_from_world)
    people = []
    for person, box in zip(scene.people, boxes, strict=True):
        assert person.body_points is not None
        points = person.body_points @ matrix[:3, :3].T + matrix[:3, 3]
        px, front = scene.camera.project(points)
        inside = np.asarray(front, bool) & (px > 0).all(1) & (px < np.array(_SIZE) - 1).all(1)
        if not (np.isfinite(box).all() and (box[2:] - box[:2]).max() >= _LEAST_PX and inside.mean() > _LEAST_INSIDE):
            continue
        if points[:, 2].min() < 0.3:
            continue
        view = aimed_view(scene.camera, box, PX, FACTOR)
        people.append({
            "patch": seen_through(rgb, scene.camera, view),
            "focal_px": np.float32(view.focal_px),
            "points_cam": (points @ view.rotation.T).astype(np.float32),
            "inside": inside,
        })  # fmt: skip
    return people


def collected(
    prepare: Callable[[], Callable[[int], list[dict[str, np.ndarray]]]], number: int, count: int, watch: WatchOptions
) -> Iterator[dict[str, np.ndarray]]:
    """The people of set `number`, in the order of seeds, until there are `count`."""
    found: dict[int, list[dict[str, np.ndarray]]] = {}
    total = 0
    for answer in watched(prepare, range(number * _SEEDS, number * _SEEDS + 4 * count), watch):
        found[answer.seed] = [] if isinstance(answer, Failed) else answer.value
        total += len(found[answer.seed])
        if total >= count:
            break
    people = [person for seed in sorted(found) for person in found[seed]]
    yield from people[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the data sets of the multi-skeleton study")
    parser.add_argument("-o", type=Path, default=FOLDER)
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--panoramas", type=Path, required=True)
    parser.add_argument("--mocap-cache", type=Path, default=Path("runs/mocap_cache.npz"))
    parser.add_argument("--count", type=int, default=480, help="people of each set; a third as many of val")
    parser.add_argument("--only", nargs="*", help="names of sets")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    options.o.mkdir(parents=True, exist_ok=True)
    sources = Sources(assets=options.assets, panoramas=options.panoramas, mocap_cache=options.mocap_cache)
    regressors = PointRegressors.load().on_full_mesh()
    prepare = partial(prepared, sources, regressors)
    names = np.array(regressors.names)
    for number, data in enumerate(sources.sets):
        path = options.o / f"{data.name.replace(' ', '_')}.npz"
        if path.is_file() or (options.only and data.name not in options.only):
            continue
        began, count = time.time(), options.count // 3 if data.name == "val" else options.count
        watch = WatchOptions(workers=options.workers, start_seconds=900.0)
        people = list(collected(prepare, number, count, watch))
        columns = {key: np.stack([person[key] for person in people]) for key in people[0]}
        np.savez(path, names=names, skeleton=np.array(data.skeleton), **columns)  # type: ignore[arg-type]
        print(f"{data.name}: {len(people)} people, {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
