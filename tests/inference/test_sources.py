"""From INPUT... to pictures: order, names, and what cannot be read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose import FileError, InputError, MissingExtraError
from metricpose.inference import sources
from metricpose.inference.sources import Picture, Source, Unread, expanded, pictures
from metricpose.io.video import VideoFrame


def picture(path: Path, size: tuple[int, int] = (4, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (10, 20, 30)).save(path)
    return path


def names(inputs: list[str | Path]) -> list[str]:
    return [source.name for source in expanded(inputs)]


def test_files_folders_and_patterns_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "sub/c.png", ".hidden.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert names([tmp_path]) == ["a.JPG", "b.png"]
    assert names([tmp_path / "b.png", tmp_path / "a.JPG"]) == ["a.JPG", "b.png"]
    assert names([str(tmp_path / "*.png")]) == ["b.png"]
    assert names([str(tmp_path / "**" / "*.png")]) == ["b.png", "c.png"]
    assert names([tmp_path, str(tmp_path / "s*")]) == ["a.JPG", "b.png", "c.png"]


def test_a_file_named_twice_is_there_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    assert names(["a.png", tmp_path, "./a.png", "*.png"]) == ["a.png"]


def test_names_hold_as_much_of_the_path_as_tells_them_apart(tmp_path: Path) -> None:
    for name in ("x/1/a.png", "y/1/a.png", "y/2/a.png", "b.png"):
        picture(tmp_path / name)
    assert names([tmp_path, str(tmp_path / "*" / "*")]) == ["2/a.png", "b.png", "x/1/a.png", "y/1/a.png"]


def test_a_name_with_brackets_is_a_file_first(tmp_path: Path) -> None:
    assert names([picture(tmp_path / "me [1].png")]) == ["me [1].png"]


def test_a_suffix_is_not_asked_of_a_file_that_is_named(tmp_path: Path) -> None:
    content = picture(tmp_path / "a.png").read_bytes()
    (tmp_path / "upload").write_bytes(content)
    (found,) = pictures(expanded([tmp_path / "upload"]))
    assert isinstance(found, Picture)


def test_one_bad_picture_does_not_lose_the_others(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    picture(tmp_path / "c.png")
    read = list(pictures(expanded([tmp_path, tmp_path / "missing.png"])))
    assert [(item.name, type(item)) for item in read] == [
        ("a.png", Picture),
        ("b.png", Unread),
        ("c.png", Picture),
        ("missing.png", Unread),
    ]
    assert isinstance(read[1], Unread)
    assert isinstance(read[1].error, InputError)
    assert isinstance(read[3], Unread)
    assert isinstance(read[3].error, FileError)
    assert isinstance(read[0], Picture)
    assert read[0].image.shape == (3, 4, 3)


def test_inputs_that_lead_nowhere_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pattern, empty = expanded([str(tmp_path / "*.png"), tmp_path / "empty"])
    assert isinstance(pattern, Unread)
    assert "expected a pattern that fits some files, got none" in str(pattern.error)
    assert isinstance(empty, Unread)
    assert "expected a folder with pictures or videos, got 0 files" in str(empty.error)
    assert [item.name for item in pictures([pattern, empty])] == [pattern.name, empty.name]


def test_no_input_gives_nothing() -> None:
    assert expanded([]) == []


def test_exif_comes_with_a_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[41989] = 35
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif)
    (found,) = pictures(expanded([tmp_path]))
    assert isinstance(found, Picture)
    assert found.exif == {"FocalLengthIn35mmFilm": 35.0}


@pytest.fixture
def video(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What reading any video gives: frames, and an error to raise."""
    script: list[object] = []

    def read_video(path: Path) -> Iterator[VideoFrame]:
        for item in script:
            if isinstance(item, Exception):
                raise item
            yield VideoFrame(index=int(item), time_s=0.0, image=np.zeros((3, 4, 3), np.uint8))  # type: ignore[call-overload]

    monkeypatch.setattr("metricpose.io.video.read_video", read_video)
    return script


def test_frames_of_a_video_are_numbered(tmp_path: Path, video: list[object]) -> None:
    video += [0, 1, 2, 3, 4]
    (tmp_path / "clip.mp4").touch()
    picture(tmp_path / "clip.png")
    read = [item.name for item in pictures(expanded([tmp_path]), every=2)]
    assert read == ["clip.mp4#000000", "clip.mp4#000002", "clip.mp4#000004", "clip.png"]
    assert read == sorted(read)


def test_a_video_that_breaks_off_keeps_its_frames(tmp_path: Path, video: list[object]) -> None:
    video += [0, 1, InputError("breaks off")]
    (tmp_path / "clip.mp4").touch()
    *frames, rest = pictures(expanded([tmp_path]))
    assert [frame.name for frame in frames] == ["clip.mp4#000000", "clip.mp4#000001"]
    assert isinstance(rest, Unread)
    assert rest.name == "clip.mp4"


def test_video_without_its_extra_does_not_lose_the_pictures(tmp_path: Path, video: list[object]) -> None:
    video += [MissingExtraError("reading video", "video")]
    (tmp_path / "clip.mp4").touch()
    picture(tmp_path / "z.png")
    unread, still = pictures(expanded([tmp_path]))
    assert isinstance(unread, Unread)
    assert isinstance(still, Picture)


def test_the_order_is_that_of_the_frames_names(video: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    video += [0]
    monkeypatch.setattr(sources, "_files", lambda given: [Path(given)])
    monkeypatch.setattr(sources, "_still", lambda source: Picture(name=source.name, image=np.zeros((1, 1, 3))))
    read = [item.name for item in pictures(expanded(["a.mp4", "a.mp4 b.png"]))]
    assert read == sorted(read) == ["a.mp4 b.png", "a.mp4#000000"]


def test_every_must_be_a_step() -> None:
    with pytest.raises(InputError, match="every: expected a whole number of at least 1, got 0"):
        pictures([Source(name="a", path=Path("a"))], every=0)
