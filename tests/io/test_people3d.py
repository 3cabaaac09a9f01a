"""People in metres as JSON and NPZ: there and back bit for bit, and what is refused."""

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import FileError, InputError
from metricpose.io import ImagePeople3D, read_people3d, write_people3d
from metricpose.people import People3D
from metricpose.skeletons import skeleton_named
from tests.io.same import assert_same_camera
from tests.strategies import cameras, made_people3d, seeds, skeletons

SUFFIXES = (".json", ".npz")
FIELDS = (
    *("joints_cam", "joint_sigma", "root_cam", "root_depth_interval"),
    *("joints_px", "joint_scores", "boxes_px", "scores"),
)
tracks = st.none() | st.integers(-(2**63) + 1, 2**63 - 1)
sources = st.sampled_from(("given", "exif", "fov", "estimated", "default"))
# Numpy drops zeros at the end of a text.
names = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=12)


def assert_same(one: People3D, other: People3D) -> None:
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)
    assert (one.skeleton, one.track_ids, one.camera_source) == (other.skeleton, other.track_ids, other.camera_source)
    assert_same_camera(one.camera, other.camera)
    assert (one.ids or ()) == (other.ids or ())


@settings(max_examples=40, deadline=None)
@given(
    seeds,
    skeletons,
    st.lists(st.tuples(names, st.lists(tracks, max_size=3), cameras(), sources), max_size=3),
    st.sampled_from(SUFFIXES),
)
def test_comes_back_bit_for_bit(tmp_path_factory, seed, skeleton, pictures, suffix) -> None:
    generator = np.random.default_rng(seed)
    records = []
    for name, ids, camera, source in pictures:
        people = made_people3d(generator, len(ids), skeleton, track_ids=tuple(ids), camera=camera, camera_source=source)
        records.append(ImagePeople3D(image=name, people=people, extra={"time_s": 0.1}))
    path = tmp_path_factory.mktemp("people3d") / f"people{suffix}"
    write_people3d(path, records, skeleton)
    back = read_people3d(path)
    assert [(r.image, r.extra) for r in back] == [(r.image, r.extra) for r in records]
    for one, other in zip(back, records, strict=True):
        assert_same(one.people, other.people)


@pytest.fixture
def record() -> ImagePeople3D:
    people = made_people3d(np.random.default_rng(0), 2, skeleton_named("coco17"))
    return ImagePeople3D(image="a.jpg", people=people)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unknown_joints_stay_unknown(tmp_path: Path, record: ImagePeople3D, suffix: str) -> None:
    people = record.people.to("body25")
    assert not people.joint_known.all()
    write_people3d(tmp_path / f"p{suffix}", [ImagePeople3D(image="a", people=people)])
    assert_same(read_people3d(tmp_path / f"p{suffix}")[0].people, people)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_people_without_ids_are_numbered(tmp_path: Path, record: ImagePeople3D, suffix: str) -> None:
    people = record.people.replaced(ids=None)
    write_people3d(tmp_path / f"p{suffix}", [ImagePeople3D(image="a", people=people)] * 2)
    assert [back.people.ids for back in read_people3d(tmp_path / f"p{suffix}")] == [(0, 1), (0, 1)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nobody_and_thousands(tmp_path: Path, suffix: str) -> None:
    skeleton = skeleton_named("coco17")
    generator = np.random.default_rng(0)
    counts = [0, 1000, 0, 1]
    records = [ImagePeople3D(image=str(n), people=made_people3d(generator, n, skeleton)) for n in counts]
    write_people3d(tmp_path / f"p{suffix}", records)
    back = read_people3d(tmp_path / f"p{suffix}")
    assert [len(r.people) for r in back] == counts
    assert_same(back[1].people, records[1].people)


def test_the_json_is_the_schema(tmp_path: Path, record: ImagePeople3D) -> None:
    write_people3d(tmp_path / "p.json", [record])
    document = json.loads((tmp_path / "p.json").read_text())
    assert list(document) == ["schema", "unit", "frame", "skeleton", "images"]
    assert (document["schema"], document["unit"], document["frame"]) == ("metricpose.people3d/1", "m", "camera")
    (image,) = document["images"]
    assert set(image) == {"image", "width", "height", "camera", "people"}
    assert set(image["camera"]) == {"intrinsics_px", "distortion", "cam_from_world", "source"}
    expected = {"joints_cam", "joint_sigma", "root_cam", "root_depth_interval", "joints_px", "joint_scores"}
    assert set(image["people"][0]) == expected | {"box_px", "score", "id", "track_id"}


PERSON = "images[0] ('a.jpg'): people[1]: "


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"joints_cam": ...}, "joints_cam: expected a list, got nothing; add it"),
        ({"joints_cam": [[0, 0, 1]] * 16}, "joints_cam: expected 17 x 3 numbers, got 16 x 3"),
        ({"joints_cam": [[0, 0, None]] * 17}, "joints_cam and joint_sigma: expected finite metres and sigmas of 0 or"),
        ({"joints_cam": [[0, 0, 1e300]] * 17}, "joints_cam and joint_sigma: expected finite metres and sigmas of 0 or"),
        ({"joint_sigma": [-1] * 17}, "joints_cam and joint_sigma: expected finite metres and sigmas of 0 or more"),
        ({"joint_sigma": [1e999] * 17}, "joints_cam and joint_sigma: expected finite metres and sigmas of 0 or more"),
        ({"root_cam": [1, 2, float("nan")]}, "root_cam: expected finite numbers, got NaN, infinity or null in [1, 2,"),
        ({"root_depth_interval": [3, 2]}, "root_depth_interval: expected low <= high, got [3.0, 2.0]; swap them"),
        ({"track_id": "x"}, "track_id: expected a whole number or a number, got 'x'"),
    ],
)
def test_faults_of_a_person(tmp_path: Path, record: ImagePeople3D, change: dict[str, Any], text: str) -> None:
    path = tmp_path / "p.json"
    write_people3d(path, [record])
    document = json.loads(path.read_text())
    person = document["images"][0]["people"][1] | change
    document["images"][0]["people"][1] = {key: value for key, value in person.items() if value is not ...}
    path.write_text(json.dumps(document))
    with pytest.raises(InputError) as caught:
        read_people3d(path)
    assert str(caught.value).startswith(f"{path}: {PERSON}{text}")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"schema": "metricpose.people2d/1"}, "schema: expected 'metricpose.people3d/1', got 'metricpose.people2d/1'"),
        ({"unit": "mm"}, "unit: expected 'm', got 'mm'; convert the file first"),
        ({"frame": "world"}, "frame: expected 'camera', got 'world'; convert the file first"),
        ({"unit": None}, "unit: expected a text, got None"),
    ],
)
def test_faults_of_the_document(tmp_path: Path, record: ImagePeople3D, change: dict[str, Any], text: str) -> None:
    path = tmp_path / "p.json"
    write_people3d(path, [record])
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError) as caught:
        read_people3d(path)
    assert str(caught.value).startswith(f"{path}: {text}")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"camera": None}, "images[0] ('a.jpg'): camera: expected an object, got None"),
        ({"source": "guess"}, "images[0] ('a.jpg'): camera_source: expected one of given, exif, fov, estimated"),
        ({"source": None}, "images[0] ('a.jpg'): camera: source: expected a text, got None"),
    ],
)
def test_a_camera_is_needed_with_its_source(
    tmp_path: Path, record: ImagePeople3D, change: dict[str, Any], text: str
) -> None:
    path = tmp_path / "p.json"
    write_people3d(path, [record])
    document = json.loads(path.read_text())
    image = document["images"][0]
    image["camera"] = change["camera"] if "camera" in change else image["camera"] | change
    path.write_text(json.dumps(document))
    with pytest.raises(InputError) as caught:
        read_people3d(path)
    assert str(caught.value).startswith(f"{path}: {text}")


def test_other_suffixes_are_refused_and_nothing_is_written(tmp_path: Path, record: ImagePeople3D) -> None:
    for name, got in (("p.txt", ".txt"), ("p", "no suffix")):
        with pytest.raises(InputError, match=rf"expected a name that ends in .json or .npz, got {got}; add one"):
            write_people3d(tmp_path / name, [record])
    assert list(tmp_path.iterdir()) == []


def changed_npz(path: Path, record: ImagePeople3D, **changes: Any) -> Path:
    write_people3d(path, [record])
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files} | changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not ...})
    return path


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"schema": "x"}, "schema: expected 'metricpose.people3d/1', got 'x'; give a file of that kind"),
        ({"unit": "mm"}, "unit: expected 'm', got 'mm'; give a file of that kind"),
        ({"joints_cam": ...}, "joints_cam: expected an array of this name, got ['box_px',"),
        ({"joints_cam": np.zeros((2, 16, 3))}, "joints_cam: expected 2 x 17 x 3 of kind 'f', got float64 of shape (2,"),
        ({"joints_cam": np.zeros((2, 17, 3), dtype=int)}, "joints_cam: expected 2 x 17 x 3 of kind 'f', got int64"),
        ({"joints_cam": np.full((2, 17, 3), np.nan)}, "picture 0 ('a.jpg'): joints_cam: expected finite metres, got"),
        ({"person_image": np.array([0, 1])}, "person_image: expected indices of the 1 pictures, got 1"),
        ({"extra": np.array(["[]"])}, "picture 0 ('a.jpg'): extra: expected a JSON object, got '[]'"),
        (
            {"distortion_model": np.array(["x"])},
            "camera of picture 0: distortion_model: expected none, brown_conrady or",
        ),
        ({"intrinsics_px": np.zeros((1, 3, 3))}, "camera of picture 0: camera matrix: expected [[fx, s, cx], [0, fy,"),
        ({"skeleton": "octopus", "joints": np.array(["arm"])}, "unknown skeleton 'octopus'; known: coco17"),
    ],
)
def test_faults_of_an_npz(tmp_path: Path, record: ImagePeople3D, changes: dict[str, Any], text: str) -> None:
    path = changed_npz(tmp_path / "p.npz", record, **changes)
    with pytest.raises(InputError) as caught:
        read_people3d(path)
    assert str(caught.value).startswith(f"{path}: {text}")


def test_people_of_an_npz_may_come_in_any_order(tmp_path: Path) -> None:
    people = made_people3d(np.random.default_rng(0), 60, skeleton_named("lsp14"))
    turns = np.arange(60) % 3
    path = tmp_path / "p.npz"
    write_people3d(path, [ImagePeople3D(image=str(i), people=people[i * 20 : (i + 1) * 20]) for i in range(3)])
    with np.load(path) as archive:
        np.savez(path, **{key: archive[key] for key in archive.files} | {"person_image": turns})
    for i, record in enumerate(read_people3d(path)):
        assert_same(record.people, people[turns == i])


class Bomb:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def test_nothing_is_unpickled(tmp_path: Path, record: ImagePeople3D) -> None:
    trace = tmp_path / "trace"
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([Bomb(trace)], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as archive:
        archive.writestr("schema.npy", buffer.getvalue())
    (tmp_path / "q.npz").write_bytes(pickle.dumps(Bomb(trace)))
    for name in ("p.npz", "q.npz"):
        with pytest.raises(
            InputError, match="got pickled objects, which are never loaded; write it with write_people3d"
        ):
            read_people3d(tmp_path / name)
    assert not trace.exists()


def test_npz_that_is_missing_cut_short_or_a_single_array(tmp_path: Path, record: ImagePeople3D) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(FileError, match="cannot read this NPZ file .No such file or directory.; check the path"):
        read_people3d(path)
    write_people3d(path, [record])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="expected an NPZ of people, got something else or a damaged file"):
        read_people3d(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="expected an NPZ of people, got something else or a damaged file"):
        read_people3d(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match="expected an NPZ of people, got a single array"):
        read_people3d(path)
