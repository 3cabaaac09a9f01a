"""Samples for detectors: shards that are done, in a folder or in folders of it; what is not known is marked."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

from metricpose._errors import InputError
from metricpose.training.agr_samples import SKELETON, virtual_samples
from metricpose.virtual.render import shards
from metricpose.virtual.render.pictures import encoded_jpg

LANDMARKS = ("head_top", "neck", "nose")


def picture(x: float, skeleton: str = SKELETON.name) -> SimpleNamespace:
    """One person whose joints all lie at (x, 5), but for the first two, which are not defined."""
    joints = {"px": [[None, None]] * 2 + [[x, 5.0]] * (len(SKELETON) - 2), "visible": [1] * len(SKELETON)}
    marks = {"px": [[x, 1.0], [x, 2.0], [x, 3.0]], "visible": [0, 1, 1]}
    record = {
        "people": [{"box_px": [0.0, 0.0, 9.0, 9.0], "joints": {skeleton: joints, "landmarks27": marks}}],
        "skeletons": {"landmarks27": {"joints": list(LANDMARKS)}},
    }
    ids = np.zeros((12, 16), np.uint8)
    ids[2:5, 3:6] = 1
    return SimpleNamespace(
        name=f"{x:g}", jpg=encoded_jpg(np.zeros((12, 16, 3), np.uint8), 90), record=record, person_ids=ids
    )


@pytest.fixture
def made(tmp_path: Path, monkeypatch) -> Path:
    """A folder with a shard, one with two, of which the second is still being written; a shard has one picture."""
    for number, name in enumerate(("shard-000000", "more/shard-000000", "more/shard-000001")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".tar").write_text(str(number))
        if number < 2:
            path.with_suffix(".json").touch()
    monkeypatch.setattr(shards, "read_shard", lambda path: [picture(float(path.read_text()))])
    return tmp_path


def test_shards_of_a_folder_and_of_folders_in_it_that_are_done(made: Path) -> None:
    assert sorted(sample.joints_px[0, 5, 0] for sample in virtual_samples(made)) == [0.0, 1.0]
    assert [sample.joints_px[0, 5, 0] for sample in virtual_samples(made / "more")] == [1.0]


def test_joints_that_a_body_does_not_define_are_unknown_and_head_and_neck_are_its_own(made: Path) -> None:
    (sample,) = virtual_samples(made / "more")
    head, neck = SKELETON.joints.index("head"), SKELETON.joints.index("neck")
    assert sample.known.sum() == len(SKELETON) - 2
    assert not sample.seen[0, :2].any()
    assert sample.joints_px[0, head].tolist() == [1.0, 1.0] and not sample.seen[0, head]
    assert sample.joints_px[0, neck].tolist() == [1.0, 2.0] and sample.seen[0, neck]
    ids = sample.ids()
    assert ids is not None and ids.sum() == 9
    assert sample.whole


def test_a_folder_without_shards_and_pictures_without_the_skeleton_are_refused(made: Path, monkeypatch) -> None:
    (made / "none").mkdir()
    with pytest.raises(InputError, match=r"none: expected shards of `metricpose generate people`, got none; make some"):
        virtual_samples(made / "none")
    monkeypatch.setattr(shards, "read_shard", lambda _path: [picture(0.0, "coco17")])
    with pytest.raises(InputError, match=r"0: expected joints of halpe26; make them with --skeleton halpe26"):
        virtual_samples(made)
