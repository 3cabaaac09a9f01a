"""`metricpose estimate` with our own detector: options, what is written, and pictures and videos of every bad kind."""

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from metricpose.cli import detectors
from metricpose.cli.main import main
from metricpose.inference.detectors import DETECTORS
from metricpose.io import read_people3d
from tests.inference.dotted import dotted

pytestmark = pytest.mark.usefixtures("flat_lifter", "dotted_network")
PERSON = 210.0, 150.0, 100.0


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(dotted((480, 320), PERSON, (370.0, 120.0, 60.0)))


def estimated(folder: Path, out: Path, *options: str) -> int:
    return main(["estimate", str(folder), "-o", str(out), *options])


def test_auto_says_which_detector_and_the_file_names_it(
    picture: Image.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.save(tmp_path / "a.png")
    assert estimated(tmp_path / "a.png", tmp_path / "out") == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("detector: agr (weights base, Apache-2.0); --detector chooses another; it is young")
    (record,) = read_people3d(tmp_path / "out" / "people.json")
    assert record.extra == {"detector": "agr", "weights": "base", "licence": "Apache-2.0"}
    assert len(record.people) == 2
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"people.json", "overlay", "scene.html"}
    page = (tmp_path / "out" / "scene.html").read_text()
    assert '"name":"a.png"' in page and "data:image/jpeg;base64," in page


def test_a_named_detector_is_not_told(picture: Image.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture.save(tmp_path / "a.png")
    call = ("--detector", "agr", "--weights", "base-research", "--flip", "--look", "512", "--tiles", "--refine", "none",
            "--precision", "float32", "--crop-weights", "mine.onnx")  # fmt: skip
    assert estimated(tmp_path / "a.png", tmp_path / "out", *call, "--no-overlay") == 0
    assert "detector:" not in capsys.readouterr().err
    assert read_people3d(tmp_path / "out" / "people.json")[0].extra["weights"] == "base-research"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["people.json"]


def test_options_of_another_detector_are_refused(
    picture: Image.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture.save(tmp_path / "a.png")
    assert estimated(tmp_path / "a.png", tmp_path / "out", "--detector", "mediapipe", "--flip") == 2
    assert "detector 'mediapipe': expected no options of the detector 'agr'" in capsys.readouterr().err


def test_the_scene_page_shows_the_first_pictures(
    picture: Image.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metricpose.cli.estimate._MOST_IN_SCENE", 2)
    (tmp_path / "in").mkdir()
    for name in "abc":
        picture.save(tmp_path / "in" / f"{name}.png")
    assert estimated(tmp_path / "in", tmp_path / "out") == 0
    assert "scene.html shows the first 2 of 3 pictures" in capsys.readouterr().err
    page = (tmp_path / "out" / "scene.html").read_text()
    assert '"name":"b.png"' in page and '"name":"c.png"' not in page
    assert len(read_people3d(tmp_path / "out" / "people.json")) == 3


# Pictures of every kind -----------------------------------------------------------------------------------------------


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def test_pictures_of_every_kind_show_the_same_people(picture: Image.Image, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6  # stored a quarter turn counter-clockwise
    alpha = picture.convert("RGBA")
    alpha.putalpha(255)
    kinds = {
        "plain.jpg": encoded(picture, "JPEG", quality=95),
        "cmyk.jpg": encoded(picture.convert("CMYK"), "JPEG", quality=95),
        "turned.jpg": encoded(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=turned, quality=95),
        "alpha.png": encoded(alpha, "PNG"),
        "animated.gif": encoded(picture, "GIF", save_all=True, append_images=[picture.rotate(180)], loop=0),
        "palette.png": encoded(picture.quantize(64), "PNG"),
    }
    for name, content in kinds.items():
        (folder / name).write_bytes(content)
    assert estimated(folder, tmp_path / "out", "--no-overlay") == 0
    records = read_people3d(tmp_path / "out" / "people.json")
    assert [record.image for record in records] == sorted(kinds)
    for record in records:
        people = record.people
        assert people.camera.image_size == (480, 320)
        assert len(people) == 2, record.image
        middles = (people.boxes_px[:, :2] + people.boxes_px[:, 2:]) / 2
        assert np.abs(middles - np.array([212.5, 152.5])).max(axis=1).min() < 3


def test_what_shows_nobody_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    Image.new("RGB", (1, 10_000)).save(folder / "line.png")
    Image.fromarray(np.full((64, 64), 40_000, np.uint16)).save(folder / "grey16.png")
    assert estimated(folder, tmp_path / "out", "--json") == 0
    assert json.loads(capsys.readouterr().out)["people"] == []
    assert len(read_people3d(tmp_path / "out" / "people.json")) == 3


def test_broken_pictures_have_a_line_each_and_the_others_go_on(
    picture: Image.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    whole = encoded(picture, "PNG")
    damaged = bytearray(whole)
    damaged[len(damaged) // 2] ^= 0xFF
    contents = {
        "cut.jpg": encoded(picture, "JPEG")[:2000],
        "cut.png": whole[: len(whole) // 2],
        "damaged.png": bytes(damaged),
        "empty.jpg": b"",
        "text.jpg": b"this is no picture",
        "whole.png": whole,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    assert estimated(folder, tmp_path / "out") == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(lines) == 5
    assert all(any(name in line for line in lines) for name in contents if name != "whole.png")
    assert [record.image for record in read_people3d(tmp_path / "out" / "people.json")] == ["whole.png"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_fifty_megapixels_are_a_picture_like_others(kind: str, tmp_path: Path) -> None:
    large = np.zeros((5774, 8660, 3), np.uint8)
    large[1000:2600, 2000:4400] = dotted((2400, 1600), (1200.0, 800.0, 900.0))
    path = tmp_path / f"large.{kind.lower()}"
    Image.fromarray(large).save(path, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    assert estimated(path, tmp_path / "out") == 0
    (record,) = read_people3d(tmp_path / "out" / "people.json")
    assert record.people.camera.image_size == (8660, 5774)
    (box,) = record.people.boxes_px
    assert np.abs((box[:2] + box[2:]) / 2 - np.array([3222.5, 1822.5])).max() < 15
    with Image.open(next((tmp_path / "out" / "overlay").iterdir())) as overlay:
        assert max(overlay.size) <= 2048


def test_weights_that_are_no_network_are_one_line(
    picture: Image.Image, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    picture.save(tmp_path / "a.png")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    for weights, text in (("bad.onnx", "expected an ONNX AGR network, got a file"), ("none.onnx", "no such weights")):
        assert estimated(tmp_path / "a.png", tmp_path / "out", "--weights", str(tmp_path / weights)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("metricpose: error: ") and weights in line and text in line
    assert not (tmp_path / "out").exists()


# Videos ---------------------------------------------------------------------------------------------------------------


def video(path: Path, sizes: list[tuple[int, int]]) -> Path:
    """Motion JPEG in an AVI, a frame of each size; every frame shows the same person."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = *sizes[0], "yuvj420p"
        for index, size in enumerate(sizes):
            data = encoded(Image.fromarray(dotted(size, PERSON)), "JPEG", quality=95, subsampling="4:2:0")
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 10)
            packet.is_keyframe = True
            container.mux(packet)
    return path


def test_frames_of_changing_size_stand_alone(tmp_path: Path) -> None:
    path = video(tmp_path / "clip.avi", [(480, 320), (480, 320), (640, 480), (480, 320)])
    assert estimated(path, tmp_path / "out") == 0
    records = read_people3d(tmp_path / "out" / "people.json")
    assert [record.people.camera.image_size for record in records] == [(480, 320)] * 2 + [(640, 480), (480, 320)]
    assert [len(record.people) for record in records] == [1, 1, 1, 1]


def test_a_broken_frame_does_not_stop_the_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = video(tmp_path / "clip.avi", [(480, 320)] * 6)
    content = bytearray(path.read_bytes())
    third = [at for at in range(len(content) - 3) if content[at : at + 3] == b"\xff\xd8\xff"][2]
    content[third : third + 600] = bytes(600)
    path.write_bytes(content)
    assert estimated(path, tmp_path / "out") == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "clip.avi: expected a whole video, but 1 of its frames are damaged; the others were read" in line
    names = [record.image for record in read_people3d(tmp_path / "out" / "people.json")]
    assert names == [f"clip.avi#{index:06d}" for index in (0, 1, 3, 4, 5)]


def test_the_command_knows_every_detector() -> None:
    assert set(detectors._NAMES) == set(DETECTORS)
