"""Frames of a video, one after the other; needs the extra `video` (PyAV)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError


@dataclass(frozen=True, kw_only=True, eq=False)
class VideoFrame:
    """One frame: its number from 0, its time in seconds from the start, and the picture, uint8 RGB (H, W, 3)."""

    index: int
    time_s: float
    image: np.ndarray


def read_video(path: str | Path) -> Iterator[VideoFrame]:
    """The frames of the video, upright, in order of time.

    A damaged or truncated video gives the frames that can be read, each for itself and with its number in the whole;
    then the iterator raises. A truncated stream whose header promises neither frames nor a duration (fragmented MP4)
    is taken as whole.

    Raises:
        MissingExtraError: PyAV is not installed.
        FileError: missing or unreadable.
        InputError: no video, no frames, cut short, or some frames damaged (after the frames that could be read).
    """
    av = _av()
    if not Path(path).is_file():
        raise FileError(f"{path}: cannot read this video (no such file); check the path")
    return _frames(av, Path(path))


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise MissingExtraError("reading video", "video") from None
    return av


def _frames(av: Any, path: Path) -> Iterator[VideoFrame]:
    read, damaged, end_s, fault = 0, 0, 0.0, ""
    try:
        with av.open(str(path)) as container:
            stream = _video_stream(container, path)
            for frame in _decoded(av, container, stream):
                if frame is None:
                    damaged += 1
                    continue
                index = read + damaged
                time_s = frame.time if frame.time is not None else index / float(stream.average_rate or 25)
                yield VideoFrame(index=index, time_s=float(time_s), image=_upright(frame))
                read, end_s = read + 1, float(time_s)
            fault = _shortfall(container, stream, read + damaged, end_s)
    except av.error.FFmpegError as error:
        fault = str(error.strerror or error)
    if not read:
        got = f"something unreadable or cut short ({fault or 'no frames'})" if path.stat().st_size else "an empty file"
        raise InputError(f"{path}: expected a video, got {got}; copy it again")
    if fault:
        raise InputError(
            f"{path}: expected a whole video, but it breaks off after frame {read + damaged - 1} at {end_s:.2f} s "
            f"({fault}); the frames before were read"
        )
    if damaged:
        raise InputError(
            f"{path}: expected a whole video, but {damaged} of its frames are damaged; the others were read"
        )


def _decoded(av: Any, container: Any, stream: Any) -> Iterator[Any]:
    """The frames, and None for what could not be decoded."""
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            yield None
            continue
        yield from frames


def _video_stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise InputError(f"{path}: expected a video, got a file without pictures; check the path")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return stream


def _shortfall(container: Any, stream: Any, read: int, end_s: float) -> str:
    """What is missing of the frames, or else of the time, that the header promises; files without either tell nothing.

    Decoders drop a frame or two at the ends, and sound may go on after the last picture.
    """
    promised, duration_s = stream.frames, (container.duration or 0) * 1e-6
    if promised:
        return f"{read} of {promised} frames" if read < promised - max(1.0, 0.02 * promised) else ""
    return f"{end_s:.2f} of {duration_s:.2f} s" if end_s < 0.9 * duration_s - 1.0 else ""


def _upright(frame: Any) -> np.ndarray:
    """The frame as RGB, turned as the recording says (phones); it is stored counter-clockwise by `rotation` degrees."""
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))
