"""The studies' situations, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from metricpose._errors import InputError
from metricpose.study import pose_worlds
from metricpose.study.cameras import CAMERAS, FIXED, RANDOM_CAMERAS, FixedCamera, camera_source
from metricpose.study.picture_sets import read_set
from metricpose.study.pose_worlds import mixed, mocap_world, rule_world
from metricpose.study.run import StudyOptions, all_keys, study_of
from metricpose.study.studies import METHODS, TINY, built_study
from metricpose.virtual.mocap.cache import MocapCache
from metricpose.virtual.pose_pool import GROUPS


def test_random_cameras_hold_the_fixed_ones():
    for camera in FIXED.values():
        ratio = 0.5 / np.tan(np.deg2rad(camera.view_deg) / 2)
        for value, (low, high) in (
            (ratio, RANDOM_CAMERAS.focal_over_width),
            (camera.height_m, RANDOM_CAMERAS.height_m),
            (camera.pitch_deg, RANDOM_CAMERAS.pitch_deg),
        ):
            assert low < value < high


def test_a_fixed_camera_stands_where_it_says():
    drawn = camera_source("ceiling").draw(3, torch.Generator().manual_seed(0))
    assert drawn.height_m.tolist() == pytest.approx([4.0] * 3)
    assert drawn.pitch_deg.tolist() == pytest.approx([38.0] * 3, abs=1e-3)


def test_cameras_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="study cameras: expected one of low, hall, ceiling, random, got 'attic'"):
        camera_source("attic")
    with pytest.raises(InputError, match="expected one that sees the ground within 30 m"):
        FixedCamera(view_deg=40.0, height_m=2.0, pitch_deg=-60.0).source()
    with pytest.raises(InputError, match="expected more than 0 m over the ground"):
        FixedCamera(view_deg=40.0, height_m=0.0, pitch_deg=10.0).source()


def _cache(monkeypatch) -> None:
    kinds, splits = ["walking", "climbing", "walking"], ["train", "train", "test"]
    quaternions = np.zeros((6, 21, 4), np.float32)
    quaternions[..., 3] = 1.0
    clips = MocapCache(
        quaternions=quaternions, clip=np.array([0, 0, 0, 1, 1, 2], np.int32), frame=np.arange(6, dtype=np.int32),
        names=np.array(["a", "b", "c"]), kinds=np.array(kinds), sources=np.array(["s"] * 3), splits=np.array(splits),
    )  # fmt: skip
    monkeypatch.setattr(pose_worlds, "_cache", lambda path: clips)


def test_a_world_holds_the_clips_of_its_split_and_kinds(monkeypatch):
    _cache(monkeypatch)
    path = Path("made.npz")
    counts = [len(mocap_world(path, *told).poses) for told in (("train",), ("train", ["walking"]), ("test",))]
    assert counts == [5, 3, 1]
    with pytest.raises(InputError, match="expected clips of climbing in the split 'test', got only walking"):
        mocap_world(path, "test", ["climbing"])


def test_rules_make_people_low_and_mixing_is_by_halves(monkeypatch):
    _cache(monkeypatch)
    low = rule_world("train", 60)
    assert {GROUPS[int(group)] for group in low.poses.group} == {"sitting", "crouching", "lying"}
    both = mixed(mocap_world(Path("made.npz"), "train"), low)
    assert both.poses.weight[:5].sum() == pytest.approx(1.0) and both.poses.weight[5:].sum() == pytest.approx(1.0)
    assert len(both.poses) == 65


def test_cameras_and_modules_share_their_cells():
    tables = {name: StudyOptions(study=name, folder=Path("f"), sizes=TINY) for name in ("cameras", "modules")}
    keys = {name: set(all_keys(options, study_of(options))) for name, options in tables.items()}
    assert len(keys["cameras"]) == 7 * len(CAMERAS) * 3
    only_here = {key.method for key in keys["modules"] - keys["cameras"]}
    assert only_here == {"volumes_ungated"} and len(keys["modules"] & keys["cameras"]) == 2 * 2 * 3


def test_whoever_begins_from_another_is_trained_last():
    options = StudyOptions(study="cameras", folder=Path("f"), sizes=TINY, seeds=1)
    methods = [key.method for key in all_keys(options, study_of(options))]
    assert methods[-4:] == ["volumes"] * 4 and "volumes" not in methods[:-4]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"study": "weather"}, "study: expected one of cameras, modules, poses, backgrounds, got 'weather'"),
        ({"seeds": 0}, "study: expected 1 seed or more, got 0; 3 show a spread"),
        ({"workers": 0}, "study: expected 1 worker or more, got 0"),
        ({"methods": ("de", "magic")}, "study cameras: expected methods of de, tbs, .*, got magic"),
    ],
)
def test_options_that_cannot_be_are_refused(changes, text):
    with pytest.raises(InputError, match=text):
        StudyOptions(**{"study": "cameras", "folder": Path("f"), **changes})


def test_poses_need_mocap_and_backgrounds_pictures(tmp_path):
    with pytest.raises(InputError, match="study poses: expected a mocap cache, whose clips have kinds, got none"):
        built_study("poses", None, TINY)
    with pytest.raises(InputError, match="study: expected one of cameras, poses, modules, got 'backgrounds'"):
        built_study("backgrounds", None, TINY)
    with pytest.raises(InputError, match="study backgrounds: expected a folder of rendered people, got none"):
        study_of(StudyOptions(study="backgrounds", folder=tmp_path))
    with pytest.raises(InputError, match="expected shards of rendered people, got none; `metricpose study"):
        read_set(tmp_path)


def test_methods_keep_the_order_of_the_study():
    options = StudyOptions(study="cameras", folder=Path("f"), methods=("tbs", "de"))
    assert options.chosen == ("de", "tbs") and METHODS["cameras"][:2] == ("de", "tbs")
