"""The work of `metricpose convert`: files of people or of tracks in, checked, converted, and out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from metricpose._errors import InputError, MetricposeError
from metricpose.cli.arguments import Namespace
from metricpose.geometry import Camera
from metricpose.io.bvh import read_bvh
from metricpose.io.bvh_write import write_bvh
from metricpose.io.cameras import read_camera
from metricpose.io.people2d_json import write_people2d
from metricpose.io.people3d import read_people3d, write_people3d
from metricpose.io.records import ImagePeople3D
from metricpose.io.skeleton_tracks import (
    SkeletonTracks,
    people_of_tracks,
    tracks_of_clip,
    tracks_of_people,
    tracks_of_points,
)
from metricpose.io.sniff import read_people2d
from metricpose.io.trc import read_trc
from metricpose.io.trc_write import write_trc
from metricpose.skeletons import CATALOGUE, JointConverter, Skeleton, converter, learnt_converter, skeleton_named
from metricpose.skeletons.markers import PLUGINGAIT38
from metricpose.skeletons.reduced import reduced
from metricpose.skeletons.sides import looks_swapped
from metricpose.skeletons.sizes import check_metres

Done = tuple[JointConverter, tuple[str, ...], list[str]]
"""The converter, points that were left out, and what else to say."""

_TRACKS = (".trc", ".bvh", ".c3d")
_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inches": 0.0254}
_PEOPLE2D = "metricpose.people2d"


def converted_file(args: Namespace, output: Path) -> Done:
    """Convert the file of `args` and write `output`."""
    target, suffix = _skeleton(args.to), Path(args.file).suffix.lower()
    if suffix in _TRACKS:
        return _from_tracks(_read_tracks(args, suffix), args, target, output)
    if suffix == ".json" and _is_people2d(args.file):
        return _people2d(args, target, output)
    records = read_people3d(args.file)
    if args.unit is not None:
        raise InputError(f"{args.file}: expected no --unit, as people in metres say theirs; correct the file instead")
    source = records[0].people.skeleton if records else target
    known = _known(records) if records else np.ones(len(target), dtype=bool)
    convert = _converter(args, reduced(source, known), target)
    joints = np.concatenate([record.people.joints_cam for record in records]) if records else np.zeros((0, 1, 3))
    if len(joints):
        _check(joints, source, args)
    if output.suffix.lower() in _TRACKS:
        tracks = tracks_of_people(records, args.file, person=args.person, fps=args.fps)
        return _from_tracks(tracks, args, target, output)
    how = "names" if args.by_names else "learnt"
    made = [
        replace(record, people=record.people.to(target, how=how, allow_guess=args.allow_guess)) for record in records
    ]
    write_people3d(output, made, target)
    return convert, (), []


def _people2d(args: Namespace, target: Skeleton, output: Path) -> Done:
    """Joints in pictures, by names and rules: what bodies tell in metres does not hold for pixels of near people."""
    if output.suffix.lower() != ".json":
        raise InputError(f"{output}: expected .json for 2D people, got {output.suffix}; lift them first")
    records = read_people2d(args.file)
    write_people2d(output, [replace(record, people=record.people.to(target)) for record in records], target)
    source = records[0].people.skeleton if records else target
    return converter(source, target), (), ["2D people are converted by name and simple rules alone"]


def _from_tracks(tracks: SkeletonTracks, args: Namespace, target: Skeleton, output: Path) -> Done:
    known = np.asarray(np.isfinite(tracks.joints_world).all(axis=-1)).any(axis=0)
    _check(tracks.joints_world, tracks.skeleton, args)
    convert = _converter(args, reduced(tracks.skeleton, np.asarray(known)), target)
    joints = convert(tracks.joints_world[:, known])
    made = replace(tracks, skeleton=target, joints_world=joints)
    return convert, tracks.left_out, _written(made, args, output)


def _written(tracks: SkeletonTracks, args: Namespace, output: Path) -> list[str]:
    suffix = output.suffix.lower()
    if suffix == ".trc":
        write_trc(output, tracks.points(y_up=True))
    elif suffix == ".c3d":
        from metricpose.datasets.c3d_write import write_c3d

        write_c3d(output, tracks.points(y_up=False))
    elif suffix == ".bvh":
        cost = write_bvh(output, tracks.joints_world[..., [1, 2, 0]], tracks.skeleton, tracks.fps)
        return [f"bones of constant length move joints by {1000 * cost:.1f} mm on average"]
    else:
        write_people3d(output, people_of_tracks(tracks, _camera(args), args.file), tracks.skeleton)
    return []


def _read_tracks(args: Namespace, suffix: str) -> SkeletonTracks:
    skeleton = None if args.source is None else _skeleton(args.source)
    if suffix == ".bvh":
        clip = read_bvh(args.file, metres_per_unit=_METRES[args.unit or "cm"])
        return tracks_of_clip(clip, args.file, skeleton=skeleton)
    if suffix == ".trc":
        points, y_up = read_trc(args.file), True
    else:
        from metricpose.datasets.c3d import read_c3d

        points, y_up = read_c3d(args.file), False
    scale = 1.0 if args.unit is None else _METRES[args.unit]
    return tracks_of_points(points, args.file, y_up=y_up, skeleton=skeleton, scale=scale)


def _converter(args: Namespace, source: Skeleton, target: Skeleton) -> JointConverter:
    convert = (
        converter(source, target) if args.by_names else learnt_converter(source, target, allow_guess=args.allow_guess)
    )
    if not convert.covered.any():
        raise InputError(
            f"{args.file}: expected joints from which {target.name} can be had, got {', '.join(source.joints[:6])} "
            f"({len(source)} of {source.name}); give more joints, or --allow-guess"
        )
    return convert


def _check(joints: np.ndarray, skeleton: Skeleton, args: Namespace) -> None:
    check_metres(joints, skeleton, args.file)
    if not args.keep_sides and looks_swapped(joints, skeleton):
        raise InputError(
            f"{args.file}: expected people whose left is on their left, got left and right swapped (or a mirrored "
            "scene) in most; correct the file, or go on with --keep-sides"
        )


def _known(records: list[ImagePeople3D]) -> np.ndarray:
    """Which joints anybody has."""
    people = [record.people for record in records if len(record.people)]
    if not people:
        return np.ones(len(records[0].people.skeleton), dtype=bool)
    return np.asarray(np.concatenate([one.joint_known for one in people]).any(axis=0))


def _camera(args: Namespace) -> Camera:
    if args.camera is None:
        raise InputError(
            f"{args.file}: expected a camera before which tracks become people, got none; give --camera FILE, or write "
            ".trc, .bvh or .c3d"
        )
    return read_camera(args.camera, name=args.camera_name)


def _skeleton(name: str) -> Skeleton:
    if name == PLUGINGAIT38.name:
        return PLUGINGAIT38
    try:
        return skeleton_named(name)
    except MetricposeError:
        known = ", ".join((*CATALOGUE, PLUGINGAIT38.name))
        raise InputError(f"unknown skeleton {name!r}: expected one of {known}") from None


def _is_people2d(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return False  # the reader of people in metres says what is wrong with it
    return isinstance(document, dict) and str(document.get("schema", "")).startswith(_PEOPLE2D)
