"""`metricpose generate people`: what it asks for, writes, keeps and refuses. Pictures are made up; no renderer."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose._errors import InputError
from metricpose.cli.generate_people import picture_size
from metricpose.cli.main import main
from metricpose.virtual.pose_pool import VARIED, PoseAugmentation
from metricpose.virtual.render import shard_run
from metricpose.virtual.render.labels import PictureLabels
from metricpose.virtual.render.pictures import LabelledPicture, encoded_jpg
from metricpose.virtual.render.shards import read_shard
from metricpose.virtual.render.watchdog import Done, Failed


def picture(seed: int, options) -> LabelledPicture:
    width, height = options.scene.sizes[0]
    coco = {"px": [[float(j), 5.0] for j in range(16)] + [[None, None]], "visible": [1] * 16 + [0]}
    person = {
        "id": 1, "box_px": [0.0, 0.0, 9.0, 9.0], "amodal_box_px": [None] * 4, "assets": [], "joints": {"coco17": coco},
    }  # fmt: skip
    record = {
        "schema": "metricpose.picture/1", "seed": seed, "split": options.scene.split, "width": width, "height": height,
        "people": [person], "driver": "soft", "environment": {"kind": "room", "name": "room:1", "licence": "made"},
    }  # fmt: skip
    nothing = np.zeros((0, 4))
    return LabelledPicture(
        seed=seed, jpg=encoded_jpg(np.full((height, width, 3), 90, np.uint8), 80),
        person_ids=np.zeros((height, width), np.uint8), depth_m=np.zeros((height, width)) if options.depth else None,
        labels=PictureLabels(joints={}, boxes_px=nothing, amodal_boxes_px=nothing, areas_px=nothing), record=record,
    )  # fmt: skip


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The options of each picture made, in this process; shard 1 of a set with seed 13 is lost."""
    made: list = []

    def fake(seed: int, studio) -> LabelledPicture:
        made.append((seed, studio))
        return picture(seed, studio)

    def watched(prepare, shards, _limits):
        make = prepare()
        for shard in shards:
            if shard == 1 and make.keywords["options"].seed == 13:
                yield Failed(seed=shard, reason="no picture within the time limit; the worker was stopped")
            else:
                yield Done(seed=shard, value=make(shard))

    monkeypatch.setattr(shard_run, "Studio", lambda options: options)
    monkeypatch.setattr(shard_run, "made_picture", fake)
    monkeypatch.setattr(shard_run, "watched", watched)
    return made


def generate(folder: Path, *more: str) -> int:
    return main(["generate", "people", "-o", str(folder), "--size", "64x96", *more])


def test_pictures_manifest_preview_and_summary(tmp_path, drawn, capsys) -> None:
    sheet = tmp_path / "sheet.png"
    more = ["--count", "5", "--per-shard", "3", "--seed", "2", "--preview", str(sheet), "--json", "--depth"]
    assert generate(tmp_path / "set", *more) == 0
    out, err = capsys.readouterr()
    made = json.loads(out)
    assert (made["count"], made["people"], made["shards"], made["skipped"]) == (5, 5, 2, 0)
    assert "painted suits" in err
    assert "plain rooms" in err
    assert [seed for seed, _ in drawn] == [2_000_000 + i for i in range(5)]
    pictures = [p for k in (0, 1) for p in read_shard(tmp_path / "set" / f"shard-{k:06d}.tar")]
    assert [p.name for p in pictures] == [f"{i:06d}" for i in range(5)]
    assert all(p.depth_mm is not None and p.rgb.shape == (96, 64, 3) for p in pictures)
    with Image.open(sheet) as drawn_sheet:
        assert drawn_sheet.width > 4 * 64
    assert json.loads((tmp_path / "set" / "manifest.json").read_text())["split"] == "train"


def test_what_is_there_is_kept_and_other_options_are_refused(tmp_path, drawn, capsys) -> None:
    assert generate(tmp_path / "set", "--count", "4", "--per-shard", "2") == 0
    drawn.clear()
    assert generate(tmp_path / "set", "--count", "6", "--per-shard", "2") == 0
    assert [seed for seed, _ in drawn] == [4, 5]
    capsys.readouterr()
    assert generate(tmp_path / "set", "--count", "6", "--per-shard", "2", "--split", "test") == 2
    assert "choose another folder" in capsys.readouterr().err


def test_a_lost_shard_is_told_and_the_others_are_there(tmp_path, drawn, capsys) -> None:
    assert generate(tmp_path / "set", "--count", "3", "--per-shard", "1", "--seed", "13") == 1
    out, err = capsys.readouterr()
    assert "shard 1: no picture within the time limit" in err
    assert out.startswith("2 pictures, 2 people, 2 shards in ")


def test_arguments_reach_the_pictures(tmp_path, drawn) -> None:
    more = ["--count", "1", "--split", "test", "--child-share", "0.5", "--skeleton", "lsp14", "--skeleton", "body25"]
    assert generate(tmp_path / "set", *more, "--background-licence", "own") == 0
    options = drawn[0][1]
    assert options.scene.split == "test"
    assert options.scene.dress.child_share == 0.5
    assert options.skeletons == ("lsp14", "body25")
    assert options.scene.background_licence == "own"
    assert not options.depth
    assert options.pose_shares == (0.45, 0.1, 0.45) and options.scene.augmentation == PoseAugmentation()


def test_acrobats_sportswear_and_views(tmp_path, drawn) -> None:
    assert generate(tmp_path, "--count", "1", "--acrobats", "0.25", "--sportswear", "0.4", "--views", "4") == 0
    options = drawn[0][1]
    assert (options.acrobats, options.views, options.scene.dress.sportswear_share) == (0.25, 4, 0.4)


def test_poses_can_be_chosen_and_varied(tmp_path, drawn) -> None:
    assert generate(tmp_path / "set", "--count", "1", "--pose-shares", "0,0,1", "--varied-poses") == 0
    options = drawn[0][1]
    assert options.pose_shares == (0.0, 0.0, 1.0) and options.scene.augmentation == VARIED
    assert VARIED.jitter_deg > PoseAugmentation().jitter_deg


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--backgrounds", "nowhere"], "nowhere: expected a folder of panoramas"),
        (["--assets", "nowhere"], "assets: expected a folder of MakeHuman assets, got nowhere"),
        (["--photos", "nowhere"], "nowhere: expected a folder of pictures"),
        (["--skeleton", "stick"], "unknown skeleton 'stick'"),
        (["--size", "5x5"], "--size: expected WIDTHxHEIGHT"),
        (["--seed", "-1"], "seed >= 0"),
        (["--pose-shares", "1,1"], "--pose-shares: expected three shares such as 0.45,0.1,0.45"),
        (["--pose-shares", "0,0,0"], "one of them above 0, got '0,0,0'"),
        (["--pose-shares", "1,-1,1"], "--pose-shares: expected three shares"),
        (["--pose-shares", "nan,0,1"], "--pose-shares: expected three shares"),
    ],
)
def test_wrong_calls_are_one_line(tmp_path, drawn, capsys, arguments, text) -> None:
    assert generate(tmp_path / "set", "--count", "2", *arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert text in lines[-1]
    assert sum("error" in line for line in lines) == 1
    assert not drawn


def test_sizes() -> None:
    assert picture_size("512x960") == (512, 960)
    assert picture_size("512X960") == (512, 960)
    for text in ("512", "x", "512x", "-64x64", "64x64x64", "63x64", "64x4097", "٦٤x64"):
        with pytest.raises(InputError, match="expected WIDTHxHEIGHT"):
            picture_size(text)
