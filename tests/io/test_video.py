"""Videos: all frames in order, what can be read of a damaged one, and what is said of files that are none."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from metricpose import FileError, InputError, MissingExtraError
from metricpose.io import VideoFrame, read_video


def made(path: Path, frames: int = 30, codec: str = "mpeg4", **options: str) -> Path:
    """A video at 10 frames a second: noise on the left, and on the right a grey that grows by 8 from frame to frame."""
    av = pytest.importorskip("av", reason="PyAV is not installed (extra video)")
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(frames):
            picture = np.full((48, 64, 3), 8 * i % 256, dtype=np.uint8)
            picture[:, :32] = np.random.default_rng(i).integers(0, 256, size=(48, 32, 3), dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def read_until_it_fails(path: Path) -> tuple[list[VideoFrame], str]:
    frames: list[VideoFrame] = []
    with pytest.raises(InputError) as caught:
        for frame in read_video(path):
            frames.append(frame)  # one by one: the list must survive the error
    return frames, str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv"])
def test_all_frames_in_order(tmp_path: Path, suffix: str) -> None:
    frames = list(read_video(made(tmp_path / f"a.{suffix}")))
    assert [frame.index for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / 10, atol=1e-3)
    assert frames[0].image.shape == (48, 64, 3)
    assert frames[0].image.dtype == np.uint8
    brightness = [float(frame.image[:, 40:].mean()) for frame in frames]
    np.testing.assert_allclose(brightness, 8.0 * np.arange(30), atol=6)


@pytest.mark.parametrize(("suffix", "options"), [("avi", {}), ("mkv", {}), ("mp4", {"movflags": "faststart"})])
def test_a_truncated_video_gives_what_it_has_and_then_says_so(tmp_path: Path, suffix: str, options: dict) -> None:
    path = made(tmp_path / f"a.{suffix}", frames=120, **options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    frames, text = read_until_it_fails(path)
    assert 20 < len(frames) < 110
    assert text.startswith(f"expected a whole video, but it breaks off after frame {len(frames) - 1} at ")
    assert text.endswith("the frames before were read")


def test_a_recording_of_a_turned_phone_comes_upright(tmp_path: Path) -> None:
    path = made(tmp_path / "a.mp4", frames=3)
    stored = [frame.image for frame in read_video(path)]
    # The track header's matrix (ISO 14496-12, 8.3.2): x' = H - y, y' = x, a quarter turn clockwise.
    straight, turned = ((1, 0, 0, 0, 1, 0, 0, 0), (0, 1, 0, -1, 0, 0, 48, 0))
    packed = [struct.pack(">8i", *(65536 * n for n in matrix)) for matrix in (straight, turned)]
    head, tail = path.read_bytes().split(b"tkhd")
    assert packed[0] in tail
    path.write_bytes(head + b"tkhd" + tail.replace(packed[0], packed[1], 1))
    for frame, image in zip(read_video(path), stored, strict=True):
        np.testing.assert_array_equal(frame.image, np.rot90(image, -1))


def test_a_video_without_its_index(tmp_path: Path) -> None:
    path = made(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-300])
    frames, text = read_until_it_fails(path)
    assert frames == []
    assert text.startswith("expected a video, got something unreadable or cut short (")


def test_empty_foreign_and_missing(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed (extra video)")
    for data, got in (
        (b"", "an empty file; copy it again"),
        (b"no video at all", "something unreadable or cut short ("),
    ):
        (tmp_path / "a.mp4").write_bytes(data)
        frames, text = read_until_it_fails(tmp_path / "a.mp4")
        assert frames == []
        assert text.startswith(f"expected a video, got {got}")
    for path in (tmp_path / "absent.mp4", tmp_path):
        with pytest.raises(FileError, match="cannot read this video .no such file.; check the path"):
            read_video(path)


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"reading video needs an optional .* pip install metricpose\[video\]"):
        read_video(tmp_path / "a.mp4")
