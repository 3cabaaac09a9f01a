"""The verb evaluate with --protocol: whose truth and predictions are read, what is written, what is refused."""

import importlib
import inspect
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.cli.benchmarks import BENCHMARKS, Part, true_frames
from metricpose.cli.evaluate_protocol import NAMES, _with_setting
from metricpose.cli.main import main
from metricpose.evaluation.protocols.names import PROTOCOLS
from metricpose.geometry import Camera
from metricpose.io import ImagePeople3D, write_people3d
from metricpose.people import People3D
from metricpose.skeletons import CATALOGUE

CAMERA = Camera.from_focal((1000, 800), 900)
MUPOTS = CATALOGUE["mupots17"]
CLIPS = 12


def people(seed: int, count: int = 2, off_m: float = 0.0) -> People3D:
    """Upright people beside each other; `off_m` moves their joints at random."""
    rng = np.random.default_rng(seed)
    joints = rng.normal(size=(count, len(MUPOTS), 3)) * [0.2, 0.4, 0.1] + [0.0, 0.0, 4.0]
    joints[:, :, 0] += 1.2 * np.arange(count)[:, None]
    joints = joints + off_m * np.random.default_rng(seed + 999).normal(size=joints.shape)
    px, _ = CAMERA.project(joints)
    depth = joints[:, MUPOTS.root, 2:]
    return People3D(
        joints_cam=joints,
        joint_sigma=np.full(joints.shape[:2], 0.1),
        root_depth_interval=depth + np.array([-0.3, 0.3]),
        joints_px=px,
        joint_scores=np.ones(joints.shape[:2]),
        boxes_px=np.concatenate([px.min(axis=1) - 2, px.max(axis=1) + 2], axis=1),
        scores=np.ones(count),
        skeleton=MUPOTS,
        camera=CAMERA,
        camera_source="given",
        ids=tuple(range(count)),
    )


def write(path: Path, off_m: float, *, pictures: int = CLIPS, keep: slice = slice(None)) -> str:
    records = [
        ImagePeople3D(image=f"TS{i + 1}/img_000000.jpg", people=people(i, off_m=off_m)[keep]) for i in range(pictures)
    ]
    write_people3d(path, records)
    return str(path)


@pytest.fixture
def truth(tmp_path: Path) -> str:
    return write(tmp_path / "truth.json", 0.0)


@pytest.fixture
def mupots(tmp_path: Path) -> str:
    """The benchmark's folder in the layout of one JSON."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for i in range(CLIPS):
        size = {"width": 1000, "height": 800, "intrinsic": [900.0, 900.0, 499.5, 399.5]}
        images.append({"id": i, "file_name": f"TS{i + 1}/img_000000.jpg", **size})
        true = people(i)
        for p in range(2):
            annotations.append(
                {
                    "id": 2 * i + p,
                    "image_id": i,
                    "bbox": [0.0, 0.0, 300.0, 400.0],
                    "is_valid": 1,
                    "keypoints_img": true.joints_px[p].tolist(),
                    "keypoints_cam": (1000 * true.joints_cam[p]).tolist(),
                    "keypoints_vis": [1] * len(MUPOTS),
                }
            )
    folder = tmp_path / "benchmark"
    folder.mkdir()
    (folder / "MuPoTS-3D.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    return str(folder)


def rejected(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line of a call that is refused."""
    assert main(["evaluate", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def strict_row(document: dict) -> dict:
    """The last row of the strict table, which is of everybody."""
    return next(table for table in document["tables"] if table["mode"] == "strict")["rows"][-1]


class TestJudging:
    def test_our_own_files_are_judged_strictly(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Everybody 0.1 m too far: MRPE is 100 mm, poses are right."""
        records = [
            ImagePeople3D(
                image=f"TS{i + 1}/img_000000.jpg",
                people=people(i).replaced(joints_cam=people(i).joints_cam + np.float32([0.0, 0.0, 0.1]), root_cam=None),
            )
            for i in range(CLIPS)
        ]
        write_people3d(tmp_path / "far.npz", records)
        assert main(["evaluate", "--protocol", "strict", "--truth", truth, str(tmp_path / "far.npz"), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        row = strict_row(said)
        assert (row["people"], row["found"], row["missed"], row["ghosts"]) == (24, 24, 0, 0)
        assert row["values"]["mrpe"] == pytest.approx(100.0, abs=0.1)
        assert row["values"]["mpjpe"] == pytest.approx(0.0, abs=0.1)
        assert said["provenance"]["predictions"] == str(tmp_path / "far.npz")
        assert said["provenance"]["truth"] == truth

    def test_text_has_a_row_per_sequence(self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["evaluate", write(tmp_path / "p.json", 0.05), "--truth", truth, "--protocol", "strict"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines if re.match(r"\W*TS\d+ ", line)] == [f"TS{i + 1}" for i in range(12)]

    def test_a_benchmarks_folder_and_another_methods_file(
        self, mupots: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The truth in mm of the JSON, the predictions a list of poses in cm whose pictures the JSON numbers."""
        found = [
            {
                "image_id": i,
                "keypoints_cam": (100 * people(i).joints_cam[0]).tolist(),
                "score": 1.0,
                "bbox": [0, 0, 300, 400],
            }
            for i in range(CLIPS)
        ]
        (tmp_path / "theirs.json").write_text(json.dumps(found))
        call = ["evaluate", "--protocol", "strict", "--dataset", "mupots", "--truth", mupots, "--unit", "cm", "--json"]
        call += ["--images", str(Path(mupots) / "MuPoTS-3D.json")]
        assert main([*call, str(tmp_path / "theirs.json")]) == 0
        row = strict_row(json.loads(capsys.readouterr().out))
        assert (row["found"], row["missed"]) == (12, 12)
        assert row["values"]["mpjpe"] == pytest.approx(0.0, abs=0.1)

    def test_missing_pictures_are_misses_when_allowed(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        part = write(tmp_path / "part.json", 0.01, pictures=11)
        call = ["--protocol", "strict", "--truth", truth, part]
        assert "TS12/img_000000.jpg" in rejected(capsys, *call)
        assert main(["evaluate", *call, "--allow-missing", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (strict_row(said)["found"], strict_row(said)["missed"]) == (22, 2)
        assert said["provenance"]["allow_missing"] is True
        assert said["provenance"]["pictures_without_prediction"] == 1

    def test_missing_joints_are_failures_when_asked(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """OpenPose's c = 0 for a wrist of one of 24 people: 16 of 17 joints of that person are near."""
        folder = tmp_path / "openpose" / "TS1"
        folder.mkdir(parents=True)
        rows = np.concatenate([1000 * people(0).joints_cam, np.ones((2, len(MUPOTS), 1))], axis=-1)
        rows[1, MUPOTS.index("left_wrist")] = 0.0
        document = {"people": [{"pose_keypoints_3d": row.ravel().tolist()} for row in rows]}
        (folder / "img_000000_keypoints.json").write_text(json.dumps(document))
        one = write(tmp_path / "one.json", 0.0, pictures=1)
        call = ["--protocol", "strict", "--truth", one, str(folder)]
        assert "name it (unit, --unit)" in rejected(capsys, *call)
        call += ["--unit", "mm", "--skeleton", "mupots17"]
        assert "--missing-joints fail" in rejected(capsys, *call)
        for option in (("--missing-joints", "fail"), ("--option", "missing_joints=fail")):
            assert main(["evaluate", *call, *option, "--json"]) == 0
            said = json.loads(capsys.readouterr().out)
            values = strict_row(said)["values"]
            assert values["pck"] == pytest.approx((100 + 100 * 16 / 17) / 2)
            assert values["mpjpe"] == pytest.approx(0.0, abs=0.1)
            assert said["provenance"]["missing_joints"] == "fail"
            assert any("1 of 2 found people lack" in note for note in said["tables"][0]["notes"])
        assert "invalid choice: 'drop'" in rejected(capsys, *call, "--missing-joints", "drop")

    def test_null_joints_of_our_files_are_failures_when_asked(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = Path(write(tmp_path / "p.json", 0.0))
        document = json.loads(path.read_text())
        person, wrist = document["images"][3]["people"][1], MUPOTS.index("left_wrist")
        person["joints_cam"][wrist] = person["joint_sigma"][wrist] = None
        path.write_text(json.dumps(document))
        call = ["--protocol", "strict", "--truth", truth, str(path)]
        assert "joint 'left_wrist'" in rejected(capsys, *call)
        assert main(["evaluate", *call, "--missing-joints", "fail", "--json"]) == 0
        values = strict_row(json.loads(capsys.readouterr().out))["values"]
        assert values["pck"] == pytest.approx((23 * 100 + 100 * 16 / 17) / 24)

    def test_nobody_anywhere_is_refused(self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        nobody = write(tmp_path / "nobody.json", 0.0, keep=slice(0, 0))
        call = ["--protocol", "strict", "--truth"]
        assert "expected people in the truth" in rejected(capsys, *call, nobody, truth)
        assert "nobody.json, got none in 12 pictures" in rejected(capsys, *call, truth, nobody)
        assert main(["evaluate", *call, truth, nobody, "--allow-missing", "--json"]) == 0
        assert strict_row(json.loads(capsys.readouterr().out))["missed"] == 24

    def test_an_option_of_the_protocol(self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Without groups there is one row for all where there were twelve sequences."""
        call = ["evaluate", "--protocol", "strict", "--truth", truth, write(tmp_path / "p.json", 0.01), "--json"]
        assert main([*call, "--option", "by_group=true"]) == 0
        (table,) = json.loads(capsys.readouterr().out)["tables"]
        assert [row["label"] for row in table["rows"]] == ["all"]


class TestAgainst:
    def test_two_methods_side_by_side(self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ours, theirs = write(tmp_path / "ours.json", 0.01), write(tmp_path / "theirs.json", 0.1)
        call = ["evaluate", "--protocol", "strict", "--truth", truth, ours, "--against", theirs]
        assert main([*call, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["against"]["resampled_by"] == "sequence"
        assert said["against"]["seed"] == 2026
        by_key = {d["metric"]: d for d in said["against"]["differences"]}
        a, b = strict_row(said["a"])["values"]["mpjpe"], strict_row(said["b"])["values"]["mpjpe"]
        assert by_key["mpjpe"]["difference"] == pytest.approx(a - b)
        assert by_key["mpjpe"]["clear"] == "A"
        assert main([*call, "--seed", "7"]) == 0
        out = capsys.readouterr().out
        assert "A: ours.json" in out and "B: theirs.json" in out and "seed 7" in out

    def test_a_file_is_not_compared_with_itself(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "link.json").symlink_to(truth)
        for other in (truth, str(tmp_path / "link.json"), str(tmp_path / "." / ".." / tmp_path.name / "truth.json")):
            said = rejected(capsys, "--protocol", "strict", "--truth", truth, truth, "--against", other)
            assert "against itself" in said

    def test_files_of_one_name_go_by_their_paths(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
        one, two = write(tmp_path / "a" / "p.json", 0.01), write(tmp_path / "b" / "p.json", 0.02)
        assert main(["evaluate", "--protocol", "strict", "--truth", truth, one, "--against", two, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["against"]["a"]["name"] == one
        assert "against itself" in rejected(capsys, "--protocol", "strict", "--truth", truth, one, "--against", one)


class TestReport:
    def test_the_page_is_written(self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("plotly", reason="the report needs the report extra")
        ours, theirs = write(tmp_path / "ours.json", 0.01), write(tmp_path / "theirs.json", 0.1, keep=slice(1))
        page = tmp_path / "report.html"
        call = ["evaluate", "--protocol", "strict", "--truth", truth, ours, "--against", theirs, "--report", str(page)]
        assert main(call) == 0
        assert f"written to {page}" in capsys.readouterr().err
        text = page.read_text()
        assert "strict: ours.json against theirs.json" in text
        assert text.count('class="case"') >= 8
        assert text.count("data-plot=") >= 4

    def test_what_cannot_be_written_is_said_before_the_work(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("plotly", reason="the report needs the report extra")
        monkeypatch.setattr("metricpose.cli.benchmarks.true_frames", None)  # never reached
        call = ["--protocol", "strict", "--truth", truth, "p.json", "--report"]
        assert "cannot write this file" in rejected(capsys, *call, str(tmp_path / "no" / "r.html"))
        monkeypatch.setitem(sys.modules, "plotly.offline", None)
        monkeypatch.setitem(sys.modules, "plotly", None)
        assert "pip install metricpose[report]" in rejected(capsys, *call, str(tmp_path / "r.html"))


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (
                ("--protocol", "mupot", "--truth", "x", "p.json"),
                "expected --protocol of human36m, mpi_inf_3dhp, mupots",
            ),
            (("--protocol", "strict", "--truth", "x"), "expected PREDICTIONS"),
            (("--protocol", "strict", "p.json"), "expected --truth DIR"),
            (("--protocol", "strict", "--truth", "x", "p.json", "t.json"), "a second, 't.json'; name the truth with"),
            (("--protocol", "strict", "--truth", "x", "--suite", "p.json"), "either --protocol or --suite"),
            (("--protocol", "strict", "--truth", "absent", "p.json"), "absent: expected the truth"),
            (("--truth", "x", "p.json"), "expected --protocol NAME beside --truth"),
            (("p.json", "t.json", "--allow-missing"), "expected --protocol NAME beside --allow-missing"),
            (("p.json", "t.json", "--missing-joints", "fail"), "expected --protocol NAME beside --missing-joints"),
            (("p.json", "t.json", "--against", "q.json"), "expected --protocol NAME beside --against"),
            (("--protocol", "strict", "--truth", ".", "p.json", "--every", "0"), "whole number of at least 1"),
            (
                ("--protocol", "strict", "--truth", ".", "p.json", "--option", "x=1"),
                "allow_missing, by_group, got 'x=1'",
            ),
            (("--protocol", "strict", "--truth", ".", "p.json", "--option", "by_group=2"), "--option by_group=true or"),
            ((), "expected PREDICTED and TRUTH, --protocol or --suite"),
        ],
    )
    def test_a_wrong_call_is_one_line(
        self,
        words: tuple[str, ...],
        said: str,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert said in rejected(capsys, *words)

    def test_a_folder_without_a_benchmark(
        self, tmp_path: Path, mupots: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        assert "TS1/annot.mat" in rejected(capsys, "--protocol", "mupots", "--truth", str(empty), "p.json")
        assert "name the data set" in rejected(capsys, "--protocol", "strict", "--truth", mupots, "p.json")
        call = ["--protocol", "strict", "--dataset", "mupots", "--truth", mupots, "p.json"]
        assert "expected no --split" in rejected(capsys, *call, "--split", "test")

    def test_parts_go_with_benchmarks_only(
        self, truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call = ["--protocol", "strict", "--truth", truth, write(tmp_path / "p.json", 0.0), "--sequences", "TS1,TS2"]
        assert "expected no --sequences, as a people3d file" in rejected(capsys, *call)


class TestBenchmarks:
    def test_names_are_those_of_the_protocols(self) -> None:
        assert tuple(PROTOCOLS) == NAMES
        assert set(NAMES) - {"strict"} <= set(BENCHMARKS)

    @pytest.mark.parametrize("name", BENCHMARKS)
    def test_each_reader_is_there(self, name: str) -> None:
        for layout in BENCHMARKS[name]:
            module, function = layout.reader.split(":")
            reader = getattr(importlib.import_module(f"metricpose.datasets.{module}"), function)
            known = inspect.signature(reader).parameters
            assert layout.cameras is None or layout.cameras in known
            assert layout.files

    def test_options_reach_the_reader(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[dict] = []

        def reader(root: Path, *, sequences: tuple[str, ...] = (), every: int = 1, camera_ids: tuple[str, ...] = ()):
            asked.append({"root": root, "sequences": sequences, "every": every, "camera_ids": camera_ids})
            return iter(())

        monkeypatch.setattr("metricpose.datasets.human36m.read_human36m", reader)
        (tmp_path / "data_3d_h36m.npz").touch()
        part = Part(sequences=("S9",), every=64, cameras=("54138969",))
        assert true_frames("human36m", tmp_path, part) == []
        assert asked == [{"root": tmp_path, "sequences": ("S9",), "every": 64, "camera_ids": ("54138969",)}]

    def test_a_file_of_annotations(self, mupots: str) -> None:
        frames = true_frames("mupots", Path(mupots) / "MuPoTS-3D.json", Part())
        assert [frame.name for frame in frames[:2]] == ["TS1/img_000000.jpg", "TS2/img_000000.jpg"]

    @pytest.mark.parametrize("content", [b"nothing", b"PK\x03\x04 cut short"])
    def test_a_file_that_is_no_truth(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(InputError, match="expected the folder of panoptic, or a people3d file"):
            true_frames("panoptic", tmp_path / "x.npz", Part())

    def test_sequences_of_our_own_files(self, tmp_path: Path) -> None:
        """As the file says, else the video or the folder; a picture that lies there is shown."""
        (tmp_path / "TS1").mkdir()
        (tmp_path / "TS1" / "a.jpg").touch()
        extras = {"TS1/a.jpg": {}, "clip.mp4#000012": {}, "b.jpg": {}, "c.jpg": {"sequence": "S", "family": "wide"}}
        write_people3d(
            tmp_path / "t.json", [ImagePeople3D(image=n, people=people(0), extra=e) for n, e in extras.items()]
        )
        frames = true_frames("strict", tmp_path / "t.json", Part())
        assert [frame.sequence for frame in frames] == ["TS1", "clip.mp4", "", "S"]
        assert [frame.group for frame in frames] == [None, None, None, "wide"]
        assert [frame.image_path for frame in frames] == [tmp_path / "TS1" / "a.jpg", None, None, None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Of a protocol that does not exist."""

    flag: bool = False
    gate: float = 0.5
    number: int = 3
    reading: str = "moon"
    root: Literal["hips", "pelvis"] = "hips"


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("flag=true", Options(flag=True)),
        ("gate=1", Options(gate=1.0)),
        ("number=7", Options(number=7)),
        ("reading=a=b", Options(reading="a=b")),
        ("root=pelvis", Options(root="pelvis")),
    ],
)
def test_settings_have_the_type_of_the_default(setting: str, changed: Options) -> None:
    assert _with_setting("made", Options(), setting) == changed


@pytest.mark.parametrize("setting", ["number=1.5", "root=spine", "gate=wide", "flag=yes", "flag", "=1"])
def test_settings_that_do_not_fit(setting: str) -> None:
    with pytest.raises(InputError, match="evaluate: expected"):
        _with_setting("made", Options(), setting)
