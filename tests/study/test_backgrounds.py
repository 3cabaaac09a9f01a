"""Pictures for the study of backgrounds: two versions of each, labels that fit, mirrored ones."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.io.camera_json import camera_to_json
from metricpose.study.backgrounds import PICTURE_LEARNERS, PictureSituation, picture_samples
from metricpose.study.cell import Cell, CellKey
from metricpose.study.learner import Effort, Pupil
from metricpose.study.picture_sets import GREEN, SIZE, STRIDE, PictureSet, collected, flags_of, told_of
from metricpose.study.report import study_report
from metricpose.study.root_learners import placed
from metricpose.study.run import StudyOptions
from metricpose.study.situation import figures

CAMERA = Camera.from_fov(SIZE, 60.0)


@dataclass(frozen=True)
class _Picture:
    """What `collected` reads of a shard's picture."""

    name: str
    rgb: np.ndarray
    person_ids: np.ndarray
    record: dict


def _picture(depth: float = 4.0, *, size: tuple[int, int] = SIZE, seen: bool = True) -> _Picture:
    rng = np.random.default_rng(int(depth * 10))
    joints = np.concatenate(
        [rng.uniform(-0.3, 0.3, (17, 1)), rng.uniform(-0.8, 0.8, (17, 1)), np.full((17, 1), depth)], 1
    )
    px, _ = CAMERA.project(joints)
    box = [*px.min(0), *px.max(0)] if seen else [None] * 4
    coco = {"px": px.tolist(), "cam_m": joints.tolist(), "visible": [1] * 17}
    record = {
        "width": size[0], "height": size[1], "camera": camera_to_json(CAMERA),
        "people": [{"box_px": box, "joints": {"coco17": coco}}],
    }  # fmt: skip
    rgb = np.full((SIZE[1], SIZE[0], 3), 200, np.uint8)
    ids = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    ids[:, :240] = 1
    return _Picture("made", rgb, ids, record)


def _set() -> PictureSet:
    return collected([_picture(4.0), _picture(3.0), _picture(5.0, seen=False)])


def test_green_is_wherever_nobody_is():
    pictures = _set()
    half = 240 // STRIDE
    assert (pictures.green[0, :, :, :half] == 200).all()
    assert pictures.green[0, :, 0, half].tolist() == list(GREEN)
    assert (pictures.rendered == 200).all()


def test_truth_is_that_of_the_labels():
    data = picture_samples(_set(), torch.arange(3), torch.zeros(3, dtype=torch.bool), torch.zeros(3, dtype=torch.bool))
    assert data.truth.real.sum(1).tolist() == [1, 1, 0]
    values = figures(placed(data.truth.canonical_depth, data))
    assert values["people"] == 2 and values["mrpe_mm"] < 0.5
    assert (data.truth.canonical_depth * data.truth.metres_per_canonical[:, None])[0, 0] == pytest.approx(4.0)


def test_a_mirrored_picture_has_its_people_on_the_other_side():
    pictures, index = _set(), torch.zeros(1, dtype=torch.long)
    plain, mirrored = (
        picture_samples(pictures, index, torch.tensor([True]), torch.tensor([turned])) for turned in (False, True)
    )
    torch.testing.assert_close(mirrored.seen.planes, plain.seen.planes.flip(-1))
    torch.testing.assert_close(mirrored.seen.joint_maps, plain.seen.joint_maps.flip(-1), rtol=0, atol=1e-3)
    assert mirrored.seen.roots_px[0, 0, 0] == pytest.approx(SIZE[0] - 1 - float(plain.seen.roots_px[0, 0, 0]))
    torch.testing.assert_close(mirrored.truth.canonical_depth, plain.truth.canonical_depth)


@pytest.mark.parametrize("method", ["tbs", "tif", "bdr"])
def test_methods_learn_from_pictures(method):
    situation = PictureSituation(name="green", pictures=_set(), green_share=1.0)
    pupil = Pupil(
        name="x", situation=situation, effort=Effort(steps=1, scenes=4, test_scenes=2), seed=0,
        device=torch.device("cpu"),
    )  # fmt: skip
    learner = PICTURE_LEARNERS[method]
    setup = learner.setup(pupil)
    loss = setup.loss(setup.model, setup.batch(torch.Generator().manual_seed(0)))["total"]
    loss.backward()
    assert torch.isfinite(loss)
    answers = learner.answer(setup.model.eval(), situation.test_scenes(2, pupil.device), pupil.device)[method]
    assert figures(answers)["people"] == 2


def test_pictures_of_another_size_are_refused():
    with pytest.raises(InputError, match="made: expected a picture of 480 x 256 px, got 960 x 512"):
        collected([_picture(size=(960, 512))])


def _manifest(folder, panoramas: int) -> None:
    folder.mkdir()
    document = {
        "count": 40, "people": 80, "backgrounds": [{"kind": "panorama"}] * panoramas,
        "options": {"assets": "clothes", "scene": {"panoramas": "hdri" if panoramas else None}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(document))


def test_a_page_says_what_pictures_it_is_of(tmp_path):
    _manifest(tmp_path / "train", 11)
    _manifest(tmp_path / "test", 0)
    assert told_of(tmp_path / "train") == "40 pictures of 80 people in 11 panoramas and plain rooms"
    assert told_of(tmp_path / "test") == "40 pictures of 80 people in plain rooms"
    assert told_of(tmp_path) == "pictures without a manifest"
    flags = [flags_of(folder) for folder in (tmp_path / "train", tmp_path / "test", tmp_path)]
    assert flags == [" --assets DIR --panoramas DIR", " --assets DIR", ""]


def _cell(trained_on: str, green: float, augmented: float, seed: int) -> Cell:
    effort = Effort(steps=1, scenes=1, test_scenes=1)
    key = CellKey(
        world="backgrounds", method="bdr", trained_on=trained_on, seed=seed, effort=effort, poses="rendered"
    )  # fmt: skip
    values = {"green": green, "augmented": augmented}
    figures = {"bdr": {test: {"mrpe_z_mm": mm, "mrpe_z_percent": mm / 50, "people": 9} for test, mm in values.items()}}
    return Cell(key=key, figures=figures, seconds=1.0)


@pytest.mark.parametrize(("alone", "holds"), [(90.0, "**holds**"), (110.5, "**does not hold**")])
def test_the_page_judges_both_of_the_papers_conclusions(tmp_path, alone, holds):
    cells = [_cell("green", alone - 2 * seed, 300, seed) for seed in (0, 1)]
    cells += [_cell("augmented", 110 - seed, 120, seed) for seed in (0, 1)]
    page = study_report(StudyOptions(study="backgrounds", folder=tmp_path, pictures=tmp_path), cells).text
    assert "- **holds**: BDR: trained before a plain background it fails before others." in page
    assert f"- {holds}: BDR: before a plain background, trained on that alone is better than on both." in page
    assert "| BDR: depth map of joints | green | 126.3 | 267.8 |" in page
