"""What an adaptation of the second stage gained on its camera and lost elsewhere, as JSON and as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from metricpose.io.camera_json import camera_document
from metricpose.training.adaptation_data import Known, SetName
from metricpose.training.adaptation_report import REPORTED, camera_in_words, people_in_words, table_lines
from metricpose.training.voxel_judging import JudgedPeople

SCHEMA = "metricpose.voxel_adaptation/1"
_COLUMNS = {
    "mrpe_mm": "MRPE mm", "mrpe_z_mm": "MRPE_z mm", "mrpe_z_percent": "MRPE_z % of depth", "mpjpe_mm": "MPJPE mm",
    "found_percent": "found by REN, %",
}  # fmt: skip


def judged_set(name: SetName, before: JudgedPeople, after: JudgedPeople) -> dict[str, Any]:
    """One set before and after; the change of MRPE with 1.96 standard errors over people, in pairs."""
    change = _mrpe_mm(after) - _mrpe_mm(before)
    half = 1.96 * float(change.std()) / max(len(change), 1) ** 0.5
    return {
        "set": REPORTED[name], "people": len(change), "before": figures(before), "after": figures(after),
        "mrpe_change_mm_95": [round(float(change.mean()) + sign * half, 2) for sign in (-1, 1)],
    }  # fmt: skip


def _mrpe_mm(people: JudgedPeople) -> np.ndarray:
    return 1000 * (people.root_cam - people.true_root_cam).norm(dim=-1).double().cpu().numpy()


def figures(people: JudgedPeople) -> dict[str, float]:
    """Of everybody, found by REN or not."""
    off = (people.root_cam - people.true_root_cam)[:, 2].abs()
    values = {
        "mrpe_mm": float(_mrpe_mm(people).mean()), "mrpe_z_mm": 1000 * float(off.mean()),
        "mrpe_z_percent": 100 * float((off / people.true_root_cam[:, 2]).mean()),
        "mpjpe_mm": 1000 * float(people.joint_errors_m.mean()),
        "found_percent": 100 * float(people.found.float().mean()),
    }  # fmt: skip
    return {name: round(value, 3) for name, value in values.items()}


def report_document(
    known: Known, sets: Sequence[Mapping[str, Any]], *, adapted_from: Mapping[str, str], licence: str,
    training: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The report as JSON; the first set is the camera's own."""
    own = sets[0]
    return {
        "schema": SCHEMA,
        "camera": camera_document(known.camera),
        "camera_in_words": camera_in_words(known),
        "adapted_from": adapted_from,
        "licence": licence,
        "people_in_words": people_in_words(known),
        "training": training,
        "sets": list(sets),
        "better": own["after"]["mrpe_mm"] < own["before"]["mrpe_mm"],
        "verdict": _verdict(own),
    }


def _verdict(own: Mapping[str, Any]) -> str:
    low, high = own["mrpe_change_mm_95"]
    before, after = own["before"]["mrpe_mm"], own["after"]["mrpe_mm"]
    words = f"MRPE {before:.0f} -> {after:.0f} mm on this camera's held-out set ({low:+.0f} to {high:+.0f} mm, 95 %)"
    if after >= before:
        return f"Not better: {words}; keep the weights that it was adapted from, or give it more minutes."
    return f"{'Better' if high < 0 else 'Perhaps better, within chance'}: {words}."


def report_text(document: Mapping[str, Any]) -> str:
    """The report as a short table with what was done, and the verdict."""
    training = document["training"]
    rows = [
        [entry["set"] if when == "before" else "", when, f"{entry['people']:,}"]
        + [f"{entry[when][key]:.1f}" for key in _COLUMNS]
        for entry in document["sets"]
        for when in ("before", "after")
    ]
    lines = [
        f"Voxel lifter adapted to: {document['camera_in_words']}",
        f"From: {document['adapted_from']['name']}. Licence: {document['licence']}",
        f"Training: {training['steps']:,} steps of {training['scenes_per_step']} scenes, seed {training['seed']}",
        f"People: {document['people_in_words']}",
        "",
        *table_lines(["set", "weights", "people", *_COLUMNS.values()], rows),
        "",
        document["verdict"],
    ]
    return "\n".join(lines) + "\n"
