"""With the shipped weights, people come out where the picture shows them."""

import json
from importlib import resources
from pathlib import Path

import numpy as np

from metricpose.inference import RayLifter
from metricpose.io import read_people2d

SCENE = Path(str(resources.files("metricpose") / "cli" / "demo_scene"))


def test_seen_joints_fall_on_the_detections() -> None:
    record = read_people2d(SCENE / "people2d.json")[0]
    assert record.camera is not None
    people = RayLifter.load()(record.people, record.camera)
    px, _ = record.camera.project(people.joints_cam)
    distance = np.linalg.norm(px - record.people.joints_px, axis=-1)
    height = (record.people.boxes_px[:, 3] - record.people.boxes_px[:, 1])[:, None]
    seen = record.people.joint_scores > 0.5
    assert np.median((distance / height)[seen]) < 0.015


def test_roots_lie_within_five_per_cent_of_the_true_distance() -> None:
    record = read_people2d(SCENE / "people2d.json")[0]
    assert record.camera is not None
    people = RayLifter.load()(record.people, record.camera)
    truth = json.loads((SCENE / "truth.json").read_text())["images"][0]["people"]
    roots = {person["id"]: np.asarray(person["root_cam"]) for person in truth}
    assert people.ids is not None
    places = [place for place, person in enumerate(people.ids) if person in roots]
    assert len(places) == len(roots)
    for place in places:
        true = roots[people.ids[place]]
        assert np.linalg.norm(people.root_cam[place] - true) < 0.05 * np.linalg.norm(true)
