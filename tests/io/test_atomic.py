"""Files are written whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from metricpose import FileError
from metricpose.io.atomic import write_bytes, write_text


def test_writes_and_replaces(tmp_path: Path) -> None:
    for text in ("one", "zwölf"):
        write_text(tmp_path / "a", text)
        assert (tmp_path / "a").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "a", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"a: cannot write this file \(No space left on device\); check the folder"):
        write_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_no_folder_and_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file or directory"):
        write_text(tmp_path / "absent" / "a", "text")
    with pytest.raises(FileError, match="Is a directory"):
        write_text(tmp_path, "text")
    assert list(tmp_path.parent.glob(".*.tmp")) == []


def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "text"


def test_permissions_are_those_of_an_ordinary_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "ours", b"")
    (tmp_path / "theirs").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_text(tmp_path / "pipe", "text")
    reader.join(timeout=10)
    assert got == ["text"]


def test_a_name_of_full_length(tmp_path: Path) -> None:
    write_text(tmp_path / ("n" * 255), "text")
    assert (tmp_path / ("n" * 255)).read_text() == "text"
