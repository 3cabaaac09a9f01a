"""Shards: bytes, order, what comes back, what is kept, what is refused."""

import json
import os
import tarfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.io.json_text import read_json
from metricpose.virtual.render import shard_run, shards
from metricpose.virtual.render.labels import PictureLabels
from metricpose.virtual.render.pictures import LabelledPicture, PictureOptions, SceneOptions, encoded_jpg
from metricpose.virtual.render.shard_run import ShardOptions, made_set, made_shard, options_digest
from metricpose.virtual.render.shards import Skipped, complete, read_shard, shard_path, write_shard
from metricpose.virtual.render.watchdog import Done, Failed, WatchOptions

USE = {"name": "shirt", "kind": "clothes", "licence": "CC0-1.0", "sha256": "00"}


def picture(seed: int, *, depth: bool = False, kind: str = "panorama") -> LabelledPicture:
    rgb = np.full((6, 8, 3), seed % 250, np.uint8)
    record = {
        "schema": "metricpose.picture/1", "seed": seed, "split": "train", "width": 8, "height": 6,
        "people": [{"id": 1, "assets": [USE]}], "driver": "soft",
        "environment": {"kind": kind, "name": f"{kind}:{seed % 2}", "licence": "CC0-1.0"},
    }  # fmt: skip
    nothing = np.zeros((0, 4))
    return LabelledPicture(
        seed=seed, jpg=encoded_jpg(rgb, 90), person_ids=np.full((6, 8), 1, np.uint8),
        depth_m=np.full((6, 8), 1.5, np.float32) if depth else None,
        labels=PictureLabels(joints={}, boxes_px=nothing, amodal_boxes_px=nothing, areas_px=nothing), record=record,
    )  # fmt: skip


def written(folder: Path, **fields) -> Path:
    pictures = [(i, picture(i, depth=True)) for i in (3, 4)]
    return write_shard(folder, 1, pictures, options_sha256="x", **fields)


def test_a_shard_is_what_webdataset_expects_and_the_same_bytes_twice(tmp_path: Path) -> None:
    path = written(tmp_path)
    first = path.read_bytes()
    with tarfile.open(path) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [
        f"{i:06d}.{ending}" for i in (3, 4) for ending in ("jpg", "json", "mask.png", "depth.png")
    ]
    assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(0, 0, 0, "")}
    time.sleep(0.01)
    assert written(tmp_path).read_bytes() == first


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    read = list(read_shard(written(tmp_path)))
    assert [p.name for p in read] == ["000003", "000004"]
    assert read[0].record == picture(3).record
    assert read[0].rgb.shape == (6, 8, 3)
    assert (read[1].person_ids == 1).all()
    assert read[1].depth_mm is not None
    assert (read[1].depth_mm == 1500).all()


def test_a_shard_is_complete_only_as_a_whole(tmp_path: Path) -> None:
    path = written(tmp_path, skipped=[Skipped(index=5, seed=5, reason="dark")])
    assert complete(tmp_path, 1, "x", 3)
    assert not complete(tmp_path, 1, "x", 4)  # the set grew
    assert not complete(tmp_path, 0, "x", 3)
    with pytest.raises(InputError, match="expected a shard made with these options.*choose another folder"):
        complete(tmp_path, 1, "y", 3)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"\1")
    assert not complete(tmp_path, 1, "x", 3)
    path.write_bytes(data)
    path.with_suffix(".json").write_text("{")
    assert not complete(tmp_path, 1, "x", 3)


def test_damaged_shards_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read this shard"):
        list(read_shard(tmp_path / "none.tar"))
    (tmp_path / "text.tar").write_text("hello")
    with pytest.raises(InputError, match="expected a tar file of pictures"):
        list(read_shard(tmp_path / "text.tar"))
    with tarfile.open(tmp_path / "half.tar", "w") as tar:
        shards._add(tar, "000000.jpg", b"x")
    with pytest.raises(InputError, match=r"expected 000000\.json in the shard, got none"):
        list(read_shard(tmp_path / "half.tar"))


@pytest.fixture
def options(tmp_path: Path) -> ShardOptions:
    return ShardOptions(folder=tmp_path, count=5, per_shard=2, seed=3)


@pytest.fixture
def fakes(monkeypatch):
    made: list[int] = []

    def fake(seed: int, studio: object) -> LabelledPicture:
        made.append(seed)
        if seed % 1_000_000 == 1:
            raise InputError("nobody to be seen")
        return picture(seed)

    monkeypatch.setattr(shard_run, "made_picture", fake)
    return made


def test_a_shard_holds_its_own_pictures_and_tells_what_is_missing(options, fakes) -> None:
    path = made_shard(0, options, studio=object())  # type: ignore[arg-type]
    assert [p.record["seed"] for p in read_shard(path)] == [3_000_000]
    index = read_json(path.with_suffix(".json"))
    assert index["skipped"] == [{"index": 1, "seed": 3_000_001, "reason": "nobody to be seen"}]
    made_shard(0, options, studio=object())  # type: ignore[arg-type]
    assert fakes == [3_000_000, 3_000_001]  # kept, not made again
    assert [p.name for p in read_shard(made_shard(2, options, studio=object()))] == ["000004"]  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected one of 0 to 2"):
        made_shard(3, options, studio=object())  # type: ignore[arg-type]


def test_a_set_that_grows_keeps_its_full_shards(options, fakes) -> None:
    for k in range(3):
        made_shard(k, options, studio=object())  # type: ignore[arg-type]
    fakes.clear()
    more = replace(options, count=6)
    for k in range(3):
        made_shard(k, more, studio=object())  # type: ignore[arg-type]
    assert fakes == [3_000_004, 3_000_005]


def test_a_shard_without_any_picture_is_an_error(options, monkeypatch) -> None:
    def dark(seed: int, studio: object):
        raise InputError("dark")

    monkeypatch.setattr(shard_run, "made_picture", dark)
    with pytest.raises(InputError, match="shard 0: no picture could be made; the first: dark"):
        made_shard(0, options, studio=object())  # type: ignore[arg-type]
    assert not shard_path(options.folder, 0).exists()


def test_options_tell_sets_apart_and_counts_do_not(options) -> None:
    assert options_digest(options) == options_digest(replace(options, count=9))
    other = PictureOptions(scene=SceneOptions(split="test"))
    assert options_digest(options) != options_digest(replace(options, pictures=other))
    assert options_digest(options) != options_digest(replace(options, seed=4))


def test_wrong_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 to 1000000 pictures"):
        ShardOptions(folder=tmp_path, count=0)


class _Lost(Exception):
    """A worker's end, where workers are no processes."""


def _prepared(options: ShardOptions, *, dies: bool = False, exits: bool = False):
    """Pictures without a renderer; the second shard ends its worker if asked to."""

    def make(shard: int) -> Path:
        if dies and shard == 1:
            if exits:
                os._exit(7)
            raise _Lost
        pictures = [(i, picture(options.seed_of(i))) for i in options.indices(shard)]
        return write_shard(options.folder, shard, pictures, options_sha256=options_digest(options))

    return make


def _one_by_one(prepare, seeds, _limits):
    """`watchdog.watched` in this process."""
    make = prepare()
    for seed in seeds:
        try:
            yield Done(seed=seed, value=make(seed))
        except _Lost:
            yield Failed(seed=seed, reason="the worker ended")


@pytest.mark.slow
def test_a_process_that_dies_costs_its_shard_only(options) -> None:
    watch = WatchOptions(workers=1, seconds=60.0)
    answers = list(made_set(options, watch, prepare=partial(_prepared, dies=True, exits=True)))
    assert {a.seed: a.reason for a in answers if isinstance(a, Failed)} == {1: "the worker ended with exit code 7"}
    assert sorted(a.seed for a in answers if isinstance(a, Done)) == [0, 2]


def test_a_lost_worker_costs_its_shard_only_and_the_next_run_makes_it(options, monkeypatch) -> None:
    monkeypatch.setattr(shard_run, "watched", _one_by_one)
    watch = WatchOptions(workers=1, seconds=30.0)
    answers = list(made_set(options, watch, prepare=partial(_prepared, dies=True)))
    assert {a.seed for a in answers if isinstance(a, Failed)} == {1}
    manifest = read_json(options.folder / "manifest.json")
    assert (manifest["schema"], manifest["count"], manifest["split"]) == ("metricpose.pictures/1", 3, "train")
    kept = {k: shard_path(options.folder, k).stat().st_mtime_ns for k in (0, 2)}
    assert all(isinstance(a, Done) for a in made_set(options, watch, prepare=_prepared))
    assert kept == {k: shard_path(options.folder, k).stat().st_mtime_ns for k in (0, 2)}
    manifest = read_json(options.folder / "manifest.json")
    assert manifest["count"] == manifest["people"] == 5
    assert manifest["seeds"] == [3_000_000 + i for i in range(5)]
    assert manifest["assets"] == [USE]
    assert [b["name"] for b in manifest["backgrounds"]] == ["panorama:0", "panorama:1"]
    assert manifest["sizes"] == [[8, 6]]
    assert manifest["drivers"] == ["soft"]
    assert str(options.folder) not in json.dumps(manifest)


def test_missing_folders_are_told_before_any_work(options, tmp_path: Path) -> None:
    scene = SceneOptions(panoramas=tmp_path / "none")
    wrong = replace(options, pictures=PictureOptions(scene=scene))
    with pytest.raises(InputError, match="expected a folder of panoramas"):
        list(made_set(wrong, prepare=_prepared))
    with pytest.raises(FileError, match="assets: expected a folder"):
        list(made_set(replace(options, pictures=PictureOptions(assets=tmp_path / "none"))))
