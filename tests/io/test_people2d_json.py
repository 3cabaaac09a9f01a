"""Our own JSON of 2D people: there and back, defaults, and every error's text."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import FileError, InputError
from metricpose.io import ImagePeople2D, read_people2d, write_people2d
from metricpose.people import People2D
from metricpose.skeletons import CATALOGUE, skeleton_named
from tests.io.same import assert_same_camera
from tests.strategies import cameras, made_people2d, seeds, skeletons

JOINTS = 14  # LSP-14, the smallest of the catalogue

names = st.text(min_size=1, max_size=12)
extras = st.dictionaries(st.sampled_from(("time_s", "note", "nested")), st.recursive(st.floats(-9, 9), st.lists))


def document(**person: Any) -> dict[str, Any]:
    """A file with one person; `person` changes its fields, `...` removes one."""
    fields: dict[str, Any] = {
        "id": 3,
        "score": 0.5,
        "box_px": [0, 0, 20, 40],
        "joints_px": [[i, 2 * i] for i in range(JOINTS)],
        "joint_scores": [0.25] * JOINTS,
    }
    fields |= person
    image = {"image": "a.jpg", "width": 64, "height": 48, "camera": None}
    skeleton = {"name": "lsp14", "joints": list(skeleton_named("lsp14").joints)}
    people = [{key: value for key, value in fields.items() if value is not ...}]
    return {"schema": "metricpose.people2d/1", "skeleton": skeleton, "images": [{**image, "people": people}]}


def written(folder: Path, content: Any) -> Path:
    path = folder / "people.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def error_of(folder: Path, content: Any) -> str:
    """The one line of the error, without the path it begins with."""
    path = written(folder, content)
    with pytest.raises(InputError) as caught:
        read_people2d(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def assert_same(one: People2D, other: People2D) -> None:
    for field in ("boxes_px", "joints_px", "joint_scores", "scores"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)
    assert (one.skeleton, one.image_size, one.ids) == (other.skeleton, other.image_size, other.ids)


@settings(max_examples=40, deadline=None)
@given(seeds, skeletons, st.lists(st.tuples(names, st.integers(0, 3), st.none() | cameras(), extras), max_size=3))
def test_comes_back_as_it_was(tmp_path_factory, seed, skeleton, pictures) -> None:
    generator = np.random.default_rng(seed)
    records = [
        ImagePeople2D(
            image=name,
            people=made_people2d(generator, count, skeleton, camera.image_size if camera else (640, 480)),
            camera=camera,
            extra=extra,
        )
        for name, count, camera, extra in pictures
    ]
    path = tmp_path_factory.mktemp("people2d") / "people.json"
    write_people2d(path, records, skeleton)
    back = read_people2d(path)
    assert [record.image for record in back] == [record.image for record in records]
    for one, other in zip(back, records, strict=True):
        ids = tuple(range(len(other.people))) if len(other.people) else None
        assert_same(one.people, other.people.replaced(ids=ids))
        assert one.extra == other.extra
        assert (one.camera is None) == (other.camera is None)
        if one.camera is not None and other.camera is not None:
            assert_same_camera(one.camera, other.camera)


def test_numbers_are_written_short_and_one_picture_on_a_line(tmp_path: Path) -> None:
    people = read_people2d(written(tmp_path, document(score=0.3)))
    write_people2d(tmp_path / "out.json", people * 3)
    text = (tmp_path / "out.json").read_text()
    assert '"score":0.3,' in text
    assert len(text.splitlines()) == 5


def test_no_pictures_and_nobody(tmp_path: Path) -> None:
    write_people2d(tmp_path / "none.json", [])
    assert read_people2d(tmp_path / "none.json") == []
    empty = document() | {"images": [document()["images"][0] | {"people": []}]}
    (record,) = read_people2d(written(tmp_path, empty))
    assert len(record.people) == 0
    assert record.people.image_size == (64, 48)


def test_thousands_of_people(tmp_path: Path) -> None:
    people = made_people2d(np.random.default_rng(0), 1000, skeleton_named("coco17"))
    write_people2d(tmp_path / "many.json", [ImagePeople2D(image="crowd.png", people=people)])
    (record,) = read_people2d(tmp_path / "many.json")
    assert_same(record.people, people)


def test_a_bare_person_gets_the_documented_defaults(tmp_path: Path) -> None:
    bare = document(id=..., score=..., box_px=..., joint_scores=...)
    bare["images"][0]["people"] *= 2
    (record,) = read_people2d(written(tmp_path, bare))
    assert record.people.ids == (0, 1)
    assert record.people.scores.tolist() == [1.0, 1.0]
    assert record.people.boxes_px[0].tolist() == [0, 0, 13, 26]
    assert record.people.joint_scores.min() == 1.0


def test_missing_ids_avoid_the_stated_ones(tmp_path: Path) -> None:
    content = document(id=1)
    content["images"][0]["people"] = [document(id=i)["images"][0]["people"][0] for i in (..., 1, ..., 0, None)]
    (record,) = read_people2d(written(tmp_path, content))
    assert record.people.ids == (2, 1, 3, 0, 4)


@pytest.mark.parametrize("place", [[None, None], None, [float("nan"), 1e999]])
def test_an_unseen_joint_may_lie_anywhere(tmp_path: Path, place: Any) -> None:
    joints = [place, *([[5, 6], [7, 9]] + [[6, 6]] * (JOINTS - 3))]
    content = document(joints_px=joints, joint_scores=[0.0] + [1.0] * (JOINTS - 1), box_px=...)
    (record,) = read_people2d(written(tmp_path, content))
    assert record.people.joints_px[0, 0].tolist() == [0, 0]
    assert record.people.boxes_px[0].tolist() == [5, 6, 7, 9]


def test_a_null_joint_without_scores_is_unseen(tmp_path: Path) -> None:
    content = document(joints_px=[None] + [[5, 6]] * (JOINTS - 1), joint_scores=...)
    (record,) = read_people2d(written(tmp_path, content))
    assert record.people.joint_scores[0].tolist() == [0.0] + [1.0] * (JOINTS - 1)


def test_a_person_of_whom_nothing_is_seen_is_kept(tmp_path: Path) -> None:
    content = document(joints_px=[None] * JOINTS, joint_scores=[0] * JOINTS, box_px=..., score=...)
    (record,) = read_people2d(written(tmp_path, content))
    assert record.people.boxes_px.tolist() == [[-0.5, -0.5, 63.5, 47.5]]
    assert record.people.scores.tolist() == [0.0]


def test_skeleton_by_name_alone_or_under_another_name(tmp_path: Path) -> None:
    for skeleton in ("lsp14", {"name": "lsp14"}, document()["skeleton"] | {"name": "leeds"}):
        (record,) = read_people2d(written(tmp_path, document() | {"skeleton": skeleton}))
        assert record.people.skeleton.name == "lsp14"


def test_byte_order_mark_and_surrogates_in_names(tmp_path: Path) -> None:
    content = document()
    content["images"][0]["image"] = "caf\u00e9 \udc80.jpg"
    (record,) = read_people2d(written(tmp_path, "\ufeff" + json.dumps(content)))
    write_people2d(tmp_path / "out.json", [record])
    assert read_people2d(tmp_path / "out.json")[0].image == record.image


PERSON = "images[0] ('a.jpg'): people[0]: "
STEEP = {"intrinsics_px": [[50, 0, 32], [0, 50, 24], [0, 0, 1]]}


@pytest.mark.parametrize(
    ("person", "text"),
    [
        ({"joints_px": [[1, 2]] * 17}, "joints_px: expected 14 joints (lsp14), got 17; name the right skeleton"),
        ({"joints_px": ...}, "joints_px: expected a list, got nothing; add it"),
        ({"joints_px": 7}, "joints_px: expected a list, got 7"),
        ({"joints_px": [[1, 2]] * 13 + [[1]]}, "joints_px: expected numbers in rows of one length, got rows of"),
        ({"joints_px": [["1", "2"]] * 14}, "joints_px: expected numbers in rows of one length, got '1'; correct"),
        ({"joints_px": [[1, 2, 3]] * 14}, "joints_px: expected 14 x 2 numbers, got 14 x 3"),
        (
            {"joints_px": [[1, float("nan")]] * 14},
            "joint 0: expected finite coordinates, got [1.0, nan] with score 0.25; give an unseen joint the score 0",
        ),
        ({"joints_px": [[1, float("inf")]] * 14}, "joint 0: expected finite coordinates, got [1.0, inf]"),
        ({"joint_scores": [0.5] * 13}, "joint_scores: expected 14 numbers, got 13"),
        ({"joint_scores": [1.5] * 14}, "joint_scores: expected values in [0, 1], got 1.5; scale them"),
        ({"joint_scores": [None] * 14}, "joint_scores: expected finite numbers, got NaN, infinity or null in [None,"),
        ({"score": -0.5}, "score: expected values in [0, 1], got -0.5; scale them"),
        ({"score": "high"}, "score: expected a whole number or a number, got 'high'"),
        ({"score": float("nan")}, "score: expected finite numbers, got NaN, infinity or null in nan; remove it"),
        ({"score": True}, "score: expected a whole number or a number, got True"),
        ({"box_px": [5, 5, 5, 9]}, "box: expected x1 > x0 and y1 > y0, got [5.0, 5.0, 5.0, 9.0] (no area)"),
        ({"box_px": [5, 5, 9]}, "box_px: expected 4 numbers, got 3"),
        ({"box_px": [0, 0, float("inf"), 9]}, "box_px: expected finite numbers, got NaN, infinity or null"),
        (
            {"box_px": [0, 0, 1e300, 9]},
            "box_px: expected numbers of at most 1e+12, got [0, 0, 1e+300, 9]; check the units",
        ),
        ({"joints_px": [[1, 1e300]] * 14}, "joint 0: expected finite coordinates, got [1.0, 1e+300] with score 0.25"),
        ({"id": 1.5}, "id: expected a whole number, got 1.5"),
        ({"id": 2**80}, "id: expected a whole number, got 1208925819614629174706176"),
    ],
)
def test_faults_of_a_person(tmp_path: Path, person: dict[str, Any], text: str) -> None:
    assert error_of(tmp_path, document(**person)).startswith(PERSON + text)


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ({"width": 0}, "picture size: expected width and height of at least 1, got 0 x 48"),
        ({"width": None}, "width: expected a whole number or a number, got None"),
        ({"height": 1.5}, "height: expected a whole number, got 1.5"),
        ({"people": None}, "people: expected a list, got None"),
        ({"people": [7]}, "people[0]: expected an object with 'joints_px', got 7"),
        ({"people": document()["images"][0]["people"] * 2}, "id: expected each id once in a picture, got [3] more"),
        ({"camera": {}}, "camera: intrinsics_px: expected a list, got nothing; add it"),
        ({"camera": []}, "camera: expected an object, got []"),
        (
            {"camera": {"intrinsics_px": [[50, 0, 32], [0, 0, 24], [0, 0, 1]]}},
            "camera: camera matrix: expected fx > 0 and fy > 0, got fx = 50, fy = 0 (singular)",
        ),
        (
            {"camera": {"intrinsics_px": [[-50, 0, 32], [0, 50, 24], [0, 0, 1]]}},
            "camera: camera matrix: expected fx > 0 and fy > 0, got fx = -50, fy = 50 (mirrored)",
        ),
        ({"camera": {"intrinsics_px": [[50, 0], [0, 50]]}}, "camera: intrinsics_px: expected 3 x 3 numbers, got 2 x 2"),
        (
            {"camera": STEEP | {"cam_from_world": np.diag([-1.0, 1, 1, 1]).tolist()}},
            "camera: cam_from_world: expected a rigid motion (4, 4) in metres, but it is mirrored (determinant -1)",
        ),
        ({"camera": STEEP | {"distortion": "none"}}, "camera: distortion: expected null, a list in OpenCV's order, or"),
        (
            {"camera": STEEP | {"distortion": {"model": "ftheta", "coefficients": [1]}}},
            "camera: distortion: expected null, a list in OpenCV's order, or {'model': 'brown_conrady' or 'fisheye', "
            "'coefficients': [...]}, got 'ftheta'",
        ),
        ({"camera": STEEP | {"distortion": [0.1]}}, "camera: Brown-Conrady distortion: expected 4 or 5 or 8 coefficie"),
        ({"note": float("nan")}, "JSON: expected finite numbers, texts, lists and dictionaries, but"),
    ],
)
def test_faults_of_a_picture(tmp_path: Path, image: dict[str, Any], text: str) -> None:
    content = document()
    content["images"][0] |= image
    assert error_of(tmp_path, content).startswith("images[0] ('a.jpg'): " + text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"schema": "metricpose.people3d/1"}, "schema: expected 'metricpose.people2d/1', got 'metricpose.people3d/1'"),
        ({"schema": 2}, "schema: expected a text, got 2"),
        ({"skeleton": {"name": "octopus", "joints": ["arm"]}}, "unknown skeleton 'octopus'; known: coco17, body25, "),
        ({"skeleton": "coco"}, "unknown skeleton 'coco'; known: "),
        ({"skeleton": None}, "skeleton: expected an object or a text, got None"),
        ({"skeleton": {"name": "coco17", "joints": ["nose"]}}, "skeleton 'coco17': expected 17 joints, got 1; name"),
        (
            {"skeleton": {"name": "lsp14", "joints": list(reversed(CATALOGUE["lsp14"].joints))}},
            "skeleton 'lsp14': expected joint 0 to be 'right_ankle', got 'head_top'; reorder the joints",
        ),
        ({"images": None}, "images: expected a list, got None"),
        ({"images": [{"width": 3}]}, "images[0]: image: expected a text, got nothing; add it"),
        ({"images": [3]}, "images[0]: expected an object with 'image', got 3"),
        ({"images": [{"image": ""}]}, "images[0] (''): width: expected a whole number or a number, got nothing"),
    ],
)
def test_faults_of_the_document(tmp_path: Path, change: dict[str, Any], text: str) -> None:
    assert error_of(tmp_path, document() | change).startswith(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "expected JSON, got an empty file; check the program that wrote it"),
        ('{"schema": ', "expected JSON, got a fault at line 1, column 12 (Expecting value); was it cut short?"),
        ("[" * 200_000, "expected JSON, got something unreadable (maximum recursion depth exceeded"),
    ],
)
def test_files_that_are_no_json(tmp_path: Path, content: str, text: str) -> None:
    assert error_of(tmp_path, content).startswith(text)


def test_missing_file_and_binary_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read this JSON file .No such file or directory.; check the path"):
        read_people2d(tmp_path / "absent.json")
    (tmp_path / "picture.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(FileError, match="expected a JSON text file, got binary data"):
        read_people2d(tmp_path / "picture.json")


def test_writing_refuses_what_it_could_not_read_back(tmp_path: Path) -> None:
    (record,) = read_people2d(written(tmp_path, document()))
    mixed = [record, ImagePeople2D(image="b", people=record.people.to("coco17"))]
    with pytest.raises(InputError, match="expected one skeleton, got coco17, lsp14; convert with .to"):
        write_people2d(tmp_path / "out.json", mixed)
    nan = ImagePeople2D(image="b", people=record.people, extra={"time_s": float("nan")})
    with pytest.raises(InputError, match="JSON: expected finite numbers"):
        write_people2d(tmp_path / "out.json", [nan])
    with pytest.raises(InputError, match="image: expected the name of a picture, got ''"):
        ImagePeople2D(image="", people=record.people)
    assert not (tmp_path / "out.json").exists()


def test_extra_keys_never_replace_those_of_the_schema(tmp_path: Path) -> None:
    (record,) = read_people2d(written(tmp_path, document()))
    write_people2d(tmp_path / "out.json", [ImagePeople2D(image="b", people=record.people, extra={"width": 9})])
    assert json.loads((tmp_path / "out.json").read_text())["images"][0]["width"] == 64
