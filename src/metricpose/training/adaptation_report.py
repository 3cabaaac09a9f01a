"""What an adaptation gained on its camera and lost elsewhere: figures before and after, as JSON and as a table."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from metricpose.evaluation.bootstrap import Units, interval, resampled_means
from metricpose.geometry.camera import Camera
from metricpose.io.camera_json import camera_document
from metricpose.training.adaptation_data import HeldOut, Known, SetName
from metricpose.training.lifter_judging import errors_of_people
from metricpose.virtual.one_camera import tilt_of
from metricpose.virtual.statures import stature_floor_percent

SCHEMA = "metricpose.adaptation/1"

REPORTED: Mapping[SetName, str] = {
    "this camera": "this camera, held out",
    "elsewhere, unknown": "random cameras, nothing known of their pose",
    "elsewhere, known": "random cameras, tilt and height known",
}

_COLUMNS = {
    "mrpe_mm": "MRPE mm",
    "mrpe_z_mm": "MRPE_z mm",
    "mrpe_z_percent": "MRPE_z % of depth",
    "mpjpe_mm": "MPJPE mm",
    "pa_mpjpe_mm": "PA-MPJPE mm",
    "coverage_percent": "in the 90 % interval, %",
}
FLOOR = (
    "the depth error of whoever knows everything of these people but their statures, and takes everybody for the one "
    "stature that is best on the average: the mean of |c / h - 1| over statures h, with c their median weighted with "
    "1 / h. A spread of 4.7 %, as of adults in one population, leaves 3.8 %. Ground under the feet of people whose "
    "camera's tilt and height are known, and proportions of children, let a lifter get below it"
)

Errors = Mapping[str, np.ndarray]


def judged_people(model: nn.Module, held_out: HeldOut) -> Errors:
    """Errors of each real person (M,) of a set, by the keys of the report."""
    return {name: values.double().cpu().numpy() for name, values in errors_of_people(model, held_out.batch).items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedSet:
    """One set before and after: errors of its people by key, (M,) each."""

    name: SetName
    held_out: HeldOut
    before: Errors
    after: Errors

    def to_json(self) -> dict[str, Any]:
        """Figures, people, seed and stature floor."""
        floors = {"people": self.held_out.stature_m, "adults": self.held_out.stature_m[~self.held_out.child]}
        return {
            "set": REPORTED[self.name],
            "people": len(self.held_out.stature_m),
            "scenes": int(self.held_out.batch.real.any(1).sum()),
            "seed": self.held_out.seed,
            "before": _means(self.before),
            "after": _means(self.after),
            "mrpe_change_mm_95": [round(bound, 2) for bound in self.mrpe_change_mm()],
            "stature_floor_percent": {
                who: round(stature_floor_percent(stature), 2) for who, stature in floors.items() if len(stature)
            },
        }

    def mrpe_change_mm(self) -> tuple[float, float]:
        """The central 95 % of the change of MRPE (negative: better) over resampled scenes."""
        scene = self.held_out.batch.real.nonzero()[:, 0].cpu().numpy()
        values = np.stack([self.before["mrpe_mm"], self.after["mrpe_mm"]], axis=1)
        units = Units(of_person=scene, count=int(scene.max()) + 1, what="picture")
        means = resampled_means(values, units, resamples=1000, seed=0)
        return interval(means[:, 1] - means[:, 0]) or (float("nan"), float("nan"))


def _means(errors: Errors) -> dict[str, float]:
    return {name: round(float(values.mean()), 3) for name, values in errors.items()}


def verdict(own: JudgedSet) -> tuple[bool, str]:
    """Whether the adapted weights are better on their own camera, and that in one line."""
    before, after = (float(errors["mrpe_mm"].mean()) for errors in (own.before, own.after))
    low, high = own.mrpe_change_mm()
    words = f"MRPE {before:.0f} -> {after:.0f} mm on this camera's held-out set ({low:+.0f} to {high:+.0f} mm, 95 %)"
    if after >= before:
        return False, f"Not better: {words}; keep the weights that it was adapted from, or give it more minutes."
    return True, f"{'Better' if high < 0 else 'Perhaps better, within chance'}: {words}."


def report_document(
    known: Known, sets: Sequence[JudgedSet], *, adapted_from: Mapping[str, str], licence: str,
    training: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The report as JSON; the first set is the camera's own."""
    better, words = verdict(sets[0])
    return {
        "schema": SCHEMA,
        "camera": camera_document(known.camera),
        "camera_in_words": camera_in_words(known),
        "doubt": {"tilt_deg": known.doubt.tilt_deg, "height": known.doubt.height},
        "adapted_from": adapted_from,
        "licence": licence,
        "people_in_words": people_in_words(known),
        "training": training,
        "sets": [judged_set.to_json() for judged_set in sets],
        "stature_floor": FLOOR,
        "better": better,
        "verdict": words,
    }


def people_in_words(known: Known) -> str:
    """What is known of the people, in one line."""
    if known.stature_m is None:
        words = f"adults and {100 * known.child_share:.0f} % children"
    else:
        low, high = known.stature_m
        words = f"{low:.2f} m tall" if low == high else f"{low:.2f} to {high:.2f} m tall"
    if known.poses is None:
        return words
    poses = known.poses
    share = f"{100 * known.poses_share:.0f} % in {len(poses):,} poses of {len(poses.clips)} clips of your own"
    return f"{words}, {share} ({poses.held_out_by} held out)"


def camera_in_words(known: Known) -> str:
    """The camera, and what is known of its pose, in one line."""
    camera = known.camera
    (width, height), (fx, fy) = camera.image_size, camera.focal_px
    lens = "" if camera.distortion is None else f", {type(camera.distortion).__name__} distortion"
    return f"{width} x {height} px, focal length {fx:.0f} x {fy:.0f} px{lens}; {_pose_in_words(camera, known)}"


def _pose_in_words(camera: Camera, known: Known) -> str:
    tilt_deg, height = known.doubt.tilt_deg, known.doubt.height
    if camera.up is None:
        beside = "" if known.height_m is None else f" (scenes have it {known.height_m:.2f} m over the ground)"
        return f"nothing known of its tilt and height{beside}"
    pitch = float(tilt_of(torch.tensor(np.array(camera.up))[None])[0])
    words = f"tilted {abs(pitch):.1f} degrees {'down' if pitch >= 0 else 'up'}"
    words += f" (+- {tilt_deg:g})" if tilt_deg else ""
    if camera.height_m is None:
        return f"{words}, height not known"
    return f"{words}, {camera.height_m:.2f} m over the ground" + (f" (+- {100 * height:g} %)" if height else "")


def report_text(document: Mapping[str, Any]) -> str:
    """The report as a short table with what was done, the stature floor and the verdict."""
    training = document["training"]
    rows = [
        [entry["set"] if when == "before" else "", when, f"{entry['people']:,}", *_cells(entry[when])]
        for entry in document["sets"]
        for when in ("before", "after")
    ]
    floors = [
        f"{entry['set']}: "
        + ", ".join(f"{value:.1f} % ({who})" for who, value in entry["stature_floor_percent"].items())
        for entry in document["sets"]
    ]
    lines = [
        *_wrapped(f"Ray lifter adapted to: {document['camera_in_words']}"),
        *_wrapped(f"From: {document['adapted_from']['name']}. Licence: {document['licence']}"),
        *_wrapped(
            f"Training: {training['steps']:,} steps of {training['scenes_per_step']} scenes, seed {training['seed']}; "
            f"people: {document['people_in_words']}"
        ),
        "",
        *table_lines(["set", "weights", "people", *_COLUMNS.values()], rows),
        "",
        *_wrapped(f"Stature floor, in % of depth: {FLOOR}."),
        *(f"  {line}" for line in floors),
        "",
        document["verdict"],
    ]
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, width=120, subsequent_indent="  ")


def _cells(figures: Mapping[str, float]) -> list[str]:
    return [f"{figures[key]:.2f}" if key == "mrpe_z_percent" else f"{figures[key]:.1f}" for key in _COLUMNS]


def table_lines(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in plain text: two columns of words, then columns of numbers."""
    cells = [headers, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    align = "<<" + ">" * (len(headers) - 2)
    lines = ["  ".join(f"{c:{a}{w}}" for c, a, w in zip(row, align, widths, strict=True)).rstrip() for row in cells]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
