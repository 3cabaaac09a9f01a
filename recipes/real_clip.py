"""Lifts a real, calibrated clip of four views and judges it against the points triangulated from all of them.

    python recipes/real_clip.py --data DIR [--weights ray_lifter.onnx] [--people cam_02=out/people.json ...] [--json]
    python recipes/real_clip.py --data DIR --write-truth FOLDER

DIR is the single-person demo of Pose2Sim: Calib_qualisys.toml, openpose_body25b/, pose-3d/*.trc, videos/.
--people adds 2D people that `metricpose estimate` found in a view's video (people.json, names such as
cam02.mp4#000050). --write-truth writes FOLDER/cam_01.json and so on for `metricpose evaluate`, with the names that
`metricpose lift` gives the pictures.

The person is chosen among those found in a picture without the truth: the one with the largest box. Before the lifter
is judged, the truth is: how far it lies from the 2D joints in each view, and from a second triangulation of the same
joints in which each view may be off by a constant number of pixels (calibration, cropping).
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from metricpose.evaluation import evaluate
from metricpose.evaluation.report import METRICS
from metricpose.geometry import Camera
from metricpose.inference import RayLifter
from metricpose.io import ImagePeople3D, read_cameras, read_people2d, read_people3d, write_people3d
from metricpose.io.trc import PointTracks, read_trc
from metricpose.people import People2D, People3D
from metricpose.skeletons.catalogue import COCO17

MODES = ("none", "tilt", "full", "deck")
TRC_NAMES = {"Shoulder": "shoulder", "Elbow": "elbow", "Wrist": "wrist", "Hip": "hip", "Knee": "knee", "Ankle": "ankle"}
FEET = ("LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel")
LIMBS = [
    (COCO17.joints.index(f"{side}_{a}"), COCO17.joints.index(f"{side}_{b}"))
    for side in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"))
]
SEEN = 0.5
"""Least score of a 2D joint for the checks of the truth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A camera and what a detector found in its pictures: per frame the people, and the row of the largest."""

    name: str
    detector: str
    camera: Camera
    people: Mapping[int, People2D]

    def largest(self, frame: int) -> int:
        """The person with the largest box."""
        sides = self.people[frame].boxes_px[:, 2:] - self.people[frame].boxes_px[:, :2]
        return int(np.argmax(sides.prod(axis=1)))


def true_joints_world(tracks: PointTracks) -> np.ndarray:
    """(T, 17, 3) m in COCO-17, z up; NaN for the eyes and ears, which the clip does not have."""
    joints = np.full((len(tracks.frames), len(COCO17), 3), np.nan)
    names = {"nose": "Nose"}
    names |= {
        f"{side}_{ours}": f"{side[0].upper()}{theirs}"
        for side in ("left", "right")
        for theirs, ours in TRC_NAMES.items()
    }
    for joint, name in names.items():
        joints[:, COCO17.joints.index(joint)] = tracks.positions_world[:, tracks.names.index(name)]
    return joints


def openpose_views(data: Path, cameras: Mapping[str, Camera]) -> list[View]:
    """The OpenPose detections of all views."""
    views = []
    for name, camera in cameras.items():
        records = read_people2d(data / "openpose_body25b" / f"{name.replace('_', '')}_json", camera=camera)
        people = {frame: record.people.to(COCO17) for frame, record in enumerate(records) if len(record.people)}
        views.append(View(name=name, detector=records[0].people.skeleton.name, camera=camera, people=people))
    return views


def estimated_view(name: str, file: Path, camera: Camera) -> View:
    """The 2D people in what `metricpose estimate` wrote for one video."""
    records = read_people3d(file)
    people = {
        int(record.image.rpartition("#")[2]): People2D(
            boxes_px=record.people.boxes_px,
            joints_px=record.people.joints_px,
            joint_scores=record.people.joint_scores,
            scores=record.people.scores,
            skeleton=record.people.skeleton,
            image_size=record.people.camera.image_size,
        )
        for record in records
        if len(record.people)
    }
    camera = replace(camera, image_size=records[0].people.camera.image_size)  # 1080 px wide where 1088 were calibrated
    return View(name=name, detector=str(records[0].extra.get("detector", file.name)), camera=camera, people=people)


def camera_as_known(camera: Camera, mode: str, deck_m: float) -> Camera:
    """What the lifter is told: nothing of the pose, the tilt, all, or all with z = 0 moved under the person's feet."""
    if mode == "none":
        return replace(camera, cam_from_world=None)
    if mode == "tilt":
        return replace(camera, cam_from_world=None, up_cam=camera.up)
    if mode == "full":
        return camera
    moved = np.array(camera.cam_from_world)
    moved[:3, 3] += moved[:3, 2] * deck_m
    return replace(camera, cam_from_world=moved)


def in_camera(points_world: np.ndarray, camera: Camera) -> np.ndarray:
    """Points (..., 3) of the world in the camera's frame."""
    pose = np.asarray(camera.cam_from_world)
    return points_world @ pose[:3, :3].T + pose[:3, 3]


def true_people(joints_cam: np.ndarray, camera: Camera) -> People3D:
    """The truth (17, 3) of one frame as a person; joints that it lacks are unknown."""
    known = np.asarray(np.isfinite(joints_cam).all(axis=-1))
    px = camera.project(np.where(known[:, None], joints_cam, (0.0, 0.0, 1.0)))[0]
    depth = joints_cam[[COCO17.joints.index("left_hip"), COCO17.joints.index("right_hip")], 2].mean()
    return People3D(
        joints_cam=joints_cam[None],
        joint_sigma=np.where(known, 0.0, np.inf)[None],
        root_depth_interval=np.array([[depth, depth]]),
        joints_px=px[None],
        joint_scores=known[None].astype(float),
        boxes_px=np.concatenate([px[known].min(0), px[known].max(0)])[None],
        scores=np.ones(1),
        skeleton=COCO17,
        camera=camera,
        camera_source="given",
    )


def write_truth(folder: Path, cameras: Mapping[str, Camera], truth_world: np.ndarray) -> None:
    """One file of true people for each view."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, camera in cameras.items():
        joints_cam = in_camera(truth_world, camera)
        stem = name.replace("_", "")
        records = [
            ImagePeople3D(image=f"{stem}.{frame:04d}", people=true_people(joints, camera))
            for frame, joints in enumerate(joints_cam)
        ]
        write_people3d(folder / f"{name}.json", records)


def judged(lifter: RayLifter, view: View, mode: str, truth_world: np.ndarray, deck_m: float) -> dict[str, object]:
    """One row: the figures of `metricpose evaluate`, and how the depth error goes over time."""
    frames = sorted(frame for frame in view.people if frame < len(truth_world))
    camera = camera_as_known(view.camera, mode, deck_m)
    lifted = lifter.many([(view.people[frame], camera) for frame in frames])
    chosen = {frame: people[[view.largest(frame)]] for frame, people in zip(frames, lifted, strict=True)}
    truth = {frame: true_people(in_camera(truth_world[frame], view.camera), view.camera) for frame in frames}
    report = evaluate([(str(f), p) for f, p in chosen.items()], [(str(f), p) for f, p in truth.items()])
    row: dict[str, object] = {"detector": view.detector, "view": view.name, "mode": mode, "frames": len(frames)}
    row["missed"] = report.overall.misses
    row |= {metric.key: report.overall[metric.key].value for metric in METRICS}
    error_mm = 1000 * np.array([chosen[f].root_cam[0, 2] - truth[f].root_cam[0, 2] for f in frames])
    row["reprojected"] = reprojection_px([chosen[frame] for frame in frames])
    row["z_std"] = float(error_mm.std())
    steps = np.diff(error_mm)[np.diff(frames) == 1]
    row["z_jitter"] = float(steps.std() / np.sqrt(2)) if len(steps) else None
    row["size_percent"] = float(np.mean([limb_total(chosen[f]) / limb_total(truth[f]) for f in frames]) - 1) * 100
    return row


def reprojection_px(people: list[People3D]) -> float:
    """Median distance of the estimated joints from the 2D joints that were lifted, px."""
    distances = []
    for person in people:
        px = person.camera.project(person.joints_cam[0])[0]
        distances.append(np.linalg.norm(px - person.joints_px[0], axis=-1)[person.joint_scores[0] > 0])
    return float(np.median(np.concatenate(distances)))


def limb_total(people: People3D) -> float:
    """Length of arms, sides and legs together, m."""
    joints = people.joints_cam[0].astype(float)
    return float(sum(np.linalg.norm(joints[a] - joints[b]) for a, b in LIMBS))


@dataclass(frozen=True, kw_only=True)
class TruthCheck:
    """One view of the truth: its distance from the 2D joints, and from the second triangulation. px and mm."""

    view: str
    depth_mm: float
    camera_height_mm: float
    roll_deg: float
    median_px: float
    offset_px: tuple[float, float]
    median_px_second: float
    fitted_px: tuple[float, float]
    root_z_mm: float
    root_z_bias_mm: float


def truth_checks(views: list[View], truth_world: np.ndarray) -> list[TruthCheck]:
    """The truth against the 2D joints of each view, and against a second triangulation of them."""
    seen_px = np.stack([_chosen_px(view, len(truth_world)) for view in views])
    second, shifts = triangulated_with_shifts(views, seen_px)
    hips = [COCO17.joints.index("left_hip"), COCO17.joints.index("right_hip")]
    rows = []
    for index, view in enumerate(views):
        error = view.camera.project(np.nan_to_num(in_camera(truth_world, view.camera), nan=1.0))[0] - seen_px[index]
        error[np.isnan(truth_world).any(-1)] = np.nan
        rest = view.camera.project(np.nan_to_num(in_camera(second, view.camera), nan=1.0))[0] - seen_px[index]
        rest = np.where(np.isnan(second).any(-1, keepdims=True), np.nan, rest + shifts[index])
        depth, other = (in_camera(p[:, hips].mean(1), view.camera)[:, 2] for p in (truth_world, second))
        up = np.asarray(view.camera.up)
        rows.append(
            TruthCheck(
                view=view.name,
                depth_mm=1000 * float(depth.mean()),
                camera_height_mm=1000 * float(view.camera.height_m or 0.0),
                roll_deg=float(np.degrees(np.arctan2(up[0], -up[1]))),
                median_px=float(np.nanmedian(np.linalg.norm(error, axis=-1))),
                offset_px=_pair(np.nanmean(error, axis=(0, 1))),
                median_px_second=float(np.nanmedian(np.linalg.norm(rest, axis=-1))),
                fitted_px=_pair(shifts[index]),
                root_z_mm=1000 * float(np.nanmean(np.abs(other - depth))),
                root_z_bias_mm=1000 * float(np.nanmean(other - depth)),
            )
        )
    return rows


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _chosen_px(view: View, frames: int) -> np.ndarray:
    """(T, 17, 2) 2D joints of the largest person; NaN where not seen well."""
    px = np.full((frames, len(COCO17), 2), np.nan)
    for frame in view.people:
        person = view.people[frame][[view.largest(frame)]]
        px[frame] = np.where(person.joint_scores[0, :, None] >= SEEN, person.joints_px[0], np.nan)
    return px


def triangulated_with_shifts(views: list[View], seen_px: np.ndarray, rounds: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Points (T, 17, 3) of the world, and the constant shift in px of each view (V, 2) that fits them best.

    Alternates between linear triangulation (Hartley and Zisserman 2004, section 12.2; three or more views) and the
    median residual of each view. A motion of the whole world is not fixed by the pixels and stays small, as the
    shifts start from 0.
    """
    shifts, points = np.zeros((len(views), 2)), np.zeros((*seen_px.shape[1:3], 3))
    for _ in range(rounds):
        points = triangulated([view.camera for view in views], seen_px - shifts[:, None, None])
        for index, view in enumerate(views):
            seen = view.camera.project(np.nan_to_num(in_camera(points, view.camera), nan=1.0))[0]
            residual = np.where(np.isnan(points).any(-1, keepdims=True), np.nan, seen_px[index] - seen)
            shifts[index] += np.nanmedian(residual, axis=(0, 1)) - shifts[index]
    return points, shifts


def triangulated(cameras: list[Camera], px: np.ndarray, fewest: int = 3) -> np.ndarray:
    """(V, ..., 2) pixels as points (..., 3); NaN where fewer than `fewest` views see one."""
    equations = []
    for camera, view_px in zip(cameras, px, strict=True):
        rays = camera.rays(np.nan_to_num(view_px))
        pose = np.asarray(camera.cam_from_world)[:3]
        lines = np.stack([rays[..., k, None] * pose[2] - pose[k] for k in (0, 1)], axis=-2)
        equations.append(np.where(np.isnan(view_px).any(-1)[..., None, None], 0.0, lines))
    stacked = np.concatenate(equations, axis=-2)
    homogeneous = np.linalg.svd(stacked)[2][..., -1, :]
    few = (~np.isnan(px).any(-1)).sum(0) < fewest
    return np.where(few[..., None], np.nan, homogeneous[..., :3] / homogeneous[..., 3:])


COLUMNS = (
    ("detector", "detector", ""),
    ("view", "view", ""),
    ("mode", "mode", ""),
    ("frames", "n", "d"),
    ("missed", "miss", "d"),
    ("mrpe", "MRPE", ".0f"),
    ("mrpe_x", "_x", ".0f"),
    ("mrpe_y", "_y", ".0f"),
    ("mrpe_z", "_z", ".0f"),
    ("mrpe_z_percent", "_z%", ".1f"),
    ("z_bias_percent", "bias%", "+.1f"),
    ("size_percent", "size%", "+.1f"),
    ("reprojected", "px", ".0f"),
    ("z_std", "std", ".0f"),
    ("z_jitter", "jitter", ".0f"),
    ("mpjpe", "MPJPE", ".0f"),
    ("n_mpjpe", "N", ".0f"),
    ("pa_mpjpe", "PA", ".0f"),
    ("coverage", "cover%", ".0f"),
    ("width_percent", "width%", ".0f"),
    ("sigma_coverage", "sigma%", ".0f"),
)
CHECK_COLUMNS = ("view", "depth mm", "height mm", "roll deg", "truth-2D px", "offset px", "second-2D px", "fitted px")
CHECK_COLUMNS += ("root z mm", "its bias mm")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lines with a column each, as Markdown."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def main() -> None:
    """Read, check the truth, lift in all modes, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the clip")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="ONNX ray lifter (default: the shipped one)")
    parser.add_argument("--people", action="append", default=[], metavar="VIEW=FILE", help="people.json of estimate")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write-truth", type=Path, metavar="FOLDER", help="write the truth as people3d and stop")
    args = parser.parse_args()

    cameras = read_cameras(args.data / "Calib_qualisys.toml")
    tracks = read_trc(next((args.data / "pose-3d").glob("*.trc")))
    truth_world = true_joints_world(tracks)
    if args.write_truth is not None:
        write_truth(args.write_truth, cameras, truth_world)
        return
    feet = tracks.positions_world[:, [tracks.names.index(name) for name in FEET], 2]
    deck_m = float(np.median(feet.min(axis=1)))
    views = openpose_views(args.data, cameras)
    checks = truth_checks(views, truth_world)
    named = [entry.partition("=")[::2] for entry in args.people]
    found = [estimated_view(name, Path(file), cameras[name]) for name, file in named]
    views += [view for view in found if view.people]  # a view in which nobody was found has no row
    lifter = RayLifter.load(args.weights, threads=1)
    rows = [judged(lifter, view, mode, truth_world, deck_m) for view in views for mode in MODES]
    if args.json:
        print(json.dumps({"study": "real_clip", "deck_m": deck_m, "truth": [asdict(c) for c in checks], "rows": rows}))
        return
    print("The truth against the 2D joints that it was made from, and against a second triangulation of them\n")
    print(table([CHECK_COLUMNS, *([_shown(value) for value in vars(check).values()] for check in checks)]))
    print(f"\nThe lowest point of the feet lies {1000 * deck_m:.0f} mm above z = 0 (median over the frames)\n")
    cells = [[_cell(row[key], form) for key, _, form in COLUMNS] for row in rows]
    print(table([[heading for _, heading, _ in COLUMNS], *cells]))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{number:+.0f}" for number in value)
    return f"{value:.0f}" if isinstance(value, float) and abs(value) >= 100 else _cell(value, ".1f")


def _cell(value: object, form: str) -> str:
    return "-" if value is None else value if isinstance(value, str) else format(value, form)


if __name__ == "__main__":
    main()
