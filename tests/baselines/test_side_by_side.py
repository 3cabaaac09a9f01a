"""Rows of the comparison: figures worked by hand, errors by cluster, reasons instead of figures."""

from dataclasses import replace

import numpy as np
import pytest

from baselines.side_by_side import MEDIAPIPE, MLP, ORACLE, Case, Entry, answered, judged, markdown
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D
from metricpose.skeletons.catalogue import COCO17

CAMERA = Camera.from_focal((1000, 800), 900.0).replaced(cam_from_world=np.eye(4))


def truth(depth: float, camera: Camera = CAMERA) -> People3D:
    joints = np.random.default_rng(0).normal(size=(1, 17, 3)) * (0.25, 0.4, 0.2)
    joints += [0, 0, depth] - joints[:, [11, 12]].mean(axis=1)
    px, _ = camera.project(joints)
    return People3D(
        joints_cam=joints,
        joint_sigma=np.zeros((1, 17)),
        root_depth_interval=np.full((1, 2), depth),
        joints_px=px,
        joint_scores=np.ones((1, 17)),
        boxes_px=np.concatenate([px.min(axis=1), px.max(axis=1)], axis=1),
        scores=np.ones(1),
        skeleton=COCO17,
        camera=camera,
        camera_source="given",
        ids=(0,),
    )


def case(name: str, cluster: str, depth: float, **more) -> Case:
    true = truth(depth)
    seen = People2D(
        boxes_px=true.boxes_px, joints_px=true.joints_px, joint_scores=true.joint_scores, scores=true.scores,
        skeleton=COCO17, image_size=(1000, 800), ids=(0,),
    )  # fmt: skip
    return Case(name=name, cluster=cluster, camera=CAMERA, seen=seen, truth=true, **more)


def farther(people: People3D, metres: float) -> People3D:
    shift = np.array([0, 0, metres])
    return people.replaced(
        joints_cam=people.joints_cam + shift,
        root_cam=people.root_cam + shift,
        root_depth_interval=people.root_depth_interval + metres,
    )


def test_figures_and_their_errors_by_picture_and_by_cluster():
    cases = [case("a", "a", 4), case("b", "b", 4), case("c", "c", 4), case("d", "d", 4)]
    off = (0.1, 0.1, 0.3, 0.3)
    people = [farther(c.truth, metres) for c, metres in zip(cases, off, strict=True)]
    (row,) = judged(cases, [Entry(method="ours", people=people)])
    assert (row.people, row.missed, row.ghosts) == (4, 0, 0)
    mrpe, percent = row.figures["mrpe"], row.figures["mrpe_z_percent"]
    assert mrpe is not None and percent is not None
    assert mrpe.value == pytest.approx(200, rel=1e-4)
    assert mrpe.standard_error == pytest.approx(100 / np.sqrt(3), rel=1e-4)
    assert percent.value == pytest.approx(5, rel=1e-4)
    assert row.figures["pck_abs_all"] is not None and row.figures["pck_abs_all"].value == pytest.approx(50)
    # Two views whose pictures agree: two numbers, 100 and 300.
    (viewed,) = judged(
        [replace(c, cluster=cluster) for c, cluster in zip(cases, "xxyy", strict=True)],
        [Entry(method="ours", people=people)],
    )
    by_view = viewed.figures["mrpe"]
    assert by_view is not None
    assert by_view.value == pytest.approx(200, rel=1e-4)
    assert by_view.standard_error == pytest.approx(100, rel=1e-4)


def test_misses_and_ghosts_are_counted():
    cases = [case("a", "a", 4), case("b", "b", 5)]
    nobody = People3D.empty(COCO17, CAMERA)
    twice = cases[1].truth[[0, 0]].replaced(ids=None)
    (row,) = judged(cases, [Entry(method="ours", people=[nobody, twice])])
    assert (row.people, row.missed, row.ghosts) == (2, 1, 1)
    pck = row.figures["pck_abs_all"]
    assert pck is not None and pck.value == pytest.approx(50)


def test_a_root_alone_has_no_figures_of_the_pose_and_a_reason_no_figures():
    cases = [case("a", "a", 4)]
    rows = judged(
        cases,
        [
            Entry(method="root", people=[cases[0].truth], poses=False),
            Entry(method="absent", reason="no FILE"),
        ],
    )
    assert {key for key, figure in rows[0].figures.items() if figure is None} == {"mpjpe", "pa_mpjpe", "pck_abs_all"}
    assert rows[1].to_json() == {"method": "absent", "not_run": "no FILE"}
    lines = markdown(rows).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == ["root", "1", "0", "0", "0", "0.0", "-", "-", "-"]
    assert "absent: not run (no FILE)" in lines[3]
    assert len({line.count("|") for line in lines}) == 1


class Lifter:
    """Answers with nobody, and keeps whether it was told extrinsics."""

    def __init__(self) -> None:
        self.told: list[bool] = []

    def many(self, pictures) -> list[People3D]:
        self.told += [camera.cam_from_world is not None for _, camera in pictures]
        return [People3D.empty(COCO17, camera) for _, camera in pictures]


class Nobody:
    """A baseline that sees nobody."""

    poses = True

    def __call__(self, people: People2D, camera: Camera) -> People3D:
        return People3D.empty(COCO17, camera)


def test_all_methods_stand_in_the_table_with_what_they_need():
    cases = [case("a", "a", 4, statures=np.array([1.8])), case("b", "b", 5, statures=np.array([1.6]))]
    lifter = Lifter()
    entries = {e.method: e for e in answered(cases, lifter, "no --mlp FILE", "no pictures")}  # type: ignore[arg-type]
    assert lifter.told == [False, False, True, True]
    assert (entries[MLP].people, entries[MLP].reason) == (None, "no --mlp FILE")
    assert (entries[MEDIAPIPE].people, entries[MEDIAPIPE].reason) == (None, "no pictures")
    assert not entries["box-size formula"].poses
    oracle = entries[ORACLE].people
    assert oracle is not None and entries[ORACLE].poses
    assert [p.root_cam[0, 2] for p in oracle] == pytest.approx([4 * 1.7 / 1.8, 5 * 1.7 / 1.6], rel=1e-5)
    unknown = [replace(c, statures=None) for c in cases]
    blind = {e.method: e for e in answered(unknown, lifter, Nobody())}  # type: ignore[arg-type]
    assert blind[ORACLE].reason == "the true stature is not known"
    assert blind[MEDIAPIPE].reason == "some pictures have no landmarks"
    assert blind[MLP].people is not None and len(blind[MLP].people) == 2
