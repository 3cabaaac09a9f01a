"""The report: what it says, that it needs nobody else, that no name breaks out of it, and that a browser draws it."""

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.evaluation.against import against
from metricpose.evaluation.protocols.result import PersonErrors, ProtocolResult
from metricpose.people.frame import PeopleFrame
from metricpose.viz import report_page as module
from metricpose.viz.report_cases import missed_people, ranking_column, worst_people
from metricpose.viz.report_drawing import case_drawings, pixels_of, root_of
from metricpose.viz.report_page import report_page, write_report_page
from metricpose.viz.report_plots import (
    binned,
    coverage,
    distance_bins,
    error_by_distance,
    error_by_joint,
    pck_curve,
    pck_shares,
    reliability,
    report_plots,
)
from tests.viz.people_made import standing
from tests.viz.report_made import COLUMNS, frames, result

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync", "--window-size=1200,900", "--virtual-time-budget=3000"),
)
STUB = "window.Plotly = null; // </script>"


@pytest.fixture
def no_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page around the plots does not need 5 MB of them."""
    monkeypatch.setattr(module, "_plotly_js", lambda: STUB.replace("</", "<\\/"))


def errors(value: ProtocolResult) -> PersonErrors:
    assert value.people is not None
    return value.people


def text_of(page: str) -> str:
    body = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def one_person(**changes: object) -> PersonErrors:
    """Four people at 1, 2, 3 and 4 m, of two joints; the last was missed."""
    error_m = np.array([[0.0, 0.1], [0.1, 0.3], [0.2, np.nan], [np.nan, np.nan]])
    values: dict = {
        "frames": tuple("abcd"),
        "rows": np.zeros(4, int),
        "predicted": np.array([0, 0, 0, -1]),
        "sequences": ("S",) * 4,
        "distance_m": np.array([1.0, 2.0, 3.0, 4.0]),
        "values": {"mpjpe": np.array([50.0, 200.0, 200.0, np.nan])},
        "joint_error_m": error_m,
        "joints": ("nose", "knee"),
        "interval": np.array([[0.0, 2.0], [1.0, 3.0], [2.0, 4.0], [np.nan, np.nan]]),
        "true_depth_m": np.array([1.0, 2.9, 4.5, 4.0]),
    }
    return PersonErrors(**(values | changes))


class TestPlots:
    def test_pck_by_hand(self) -> None:
        """Strictly below 100 mm: 1 of 2, 0 of 2, 0 of 1 joints; 250 mm: 2 of 2, 1 of 2, 1 of 1."""
        found, everyone = pck_shares(one_person(), np.array([0.0, 100.0, 250.0]))
        assert found == pytest.approx([0.0, 100 * 0.5 / 3, 100 * 2.5 / 3])
        assert everyone == pytest.approx([0.0, 100 * 0.5 / 4, 100 * 2.5 / 4])

    def test_a_joint_that_is_missing_and_known_is_never_near(self) -> None:
        """The third person's knee fails: 250 mm: 2 of 2, 1 of 2, 1 of 2 joints."""
        failed = np.array([[False, False], [False, False], [False, True], [False, False]])
        found, everyone = pck_shares(one_person(joint_failed=failed), np.array([250.0]))
        assert found == pytest.approx([100 * 2.0 / 3])
        assert everyone == pytest.approx([100 * 2.0 / 4])

    def test_coverage_by_hand(self) -> None:
        """Off the middle by 0, 0.9 and 1.5 half widths, which a normal scales by 2.576 / 1.645 = 1.57 for 99 %."""
        assert coverage(one_person(), np.array([0.5, 0.9, 0.99])) == pytest.approx([100 / 3, 200 / 3, 100.0])

    def test_coverage_of_normal_depths_is_as_promised(self) -> None:
        depth = 5.0 * np.exp(np.random.default_rng(0).normal(0.0, 0.06, 20_000))
        ends = np.tile(5.0 * np.exp(0.06 * 1.6449 * np.array([-1, 1])), (20_000, 1))
        levels = np.array([0.1, 0.5, 0.9, 0.95])
        people = one_person(interval=ends, true_depth_m=depth)
        assert coverage(people, levels) == pytest.approx(100 * levels, abs=1.5)

    def test_joint_means_by_hand(self) -> None:
        plot = error_by_joint({"A": one_person()})
        assert plot is not None
        assert plot.rows == (("nose", "100.0", "180.0"), ("knee", "200.0", "280.0"))
        assert plot.traces[0]["x"] == [100.0, 200.0]

    def test_bins_are_round_and_hold_nearly_all(self) -> None:
        assert distance_bins(np.array([2.2, 3.9, 7.1])).tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
        assert len(distance_bins(np.linspace(0.3, 90.0, 500))) <= 11
        assert distance_bins(np.array([4.0])).tolist() == [4.0, 4.1]
        assert len(distance_bins(np.zeros(0))) == 0

    def test_a_bin_holds_its_near_edge_only(self) -> None:
        bins = binned(np.array([1.0, 1.5, 2.0]), np.array([1.0, 3.0, 7.0]), np.array([0.0, 1.0, 2.0, 3.0]))
        assert [(b.near_m, b.far_m, b.people) for b in bins] == [(1.0, 2.0, 2), (2.0, 3.0, 1)]
        assert bins[0].quartiles == (1.5, 2.0, 2.5)

    def test_few_people_are_only_in_the_table(self) -> None:
        """Five people at 1 m and one at 2 m: a point and a row, and a row."""
        many = {"distance_m": np.array([1.0] * 5 + [2.0]), "values": {"mpjpe": np.arange(6.0)}}
        plot = error_by_distance({"A": one_person(**many)}, COLUMNS[0])
        assert plot is not None
        assert [(row[3], row[-1]) for row in plot.rows] == [("2.0", "5"), ("5.0", "1")]
        assert [trace["y"] for trace in plot.traces] == [[1.0], [3.0], [2.0]]
        assert error_by_distance({"A": one_person()}, COLUMNS[0]) is None

    def test_what_is_not_known_is_not_drawn(self) -> None:
        flat = one_person(joint_error_m=np.full((4, 2), np.nan), distance_m=np.full(4, np.nan), interval=None)
        assert report_plots({"A": flat}, COLUMNS) == []
        assert reliability({"A": one_person(true_depth_m=None)}) is None

    def test_nobody_is_not_drawn(self) -> None:
        nobody = result([], [], missed=0)
        assert report_plots({"A": errors(nobody)}, COLUMNS) == []

    def test_two_methods_have_two_colours(self) -> None:
        for plot in (error_by_joint, pck_curve, reliability):
            drawn = plot({"A": one_person(), "B": one_person()})
            assert drawn is not None
            used = json.dumps(drawn.traces)
            assert '"--a"' in used and '"--b"' in used

    def test_plotly_knows_every_property(self) -> None:
        graph = pytest.importorskip("plotly.graph_objects", reason="the report needs the report extra")
        truth, predicted = frames()
        for plot in report_plots({"A": errors(result(truth, predicted)), "B": one_person()}, COLUMNS):
            plain = re.sub(r'"--[a-z-]+"', '"#123456"', json.dumps([plot.traces, plot.layout], allow_nan=False))
            traces, layout = json.loads(plain)
            graph.Figure(data=traces, layout=layout)  # raises ValueError for a property or value it does not know


class TestCases:
    def test_the_worst_are_those_found_one_per_picture(self) -> None:
        truth, predicted = frames(6)
        people = errors(result(truth, predicted))
        worst = worst_people(people, COLUMNS[0], 3)
        assert [people.frames[i] for i in worst] == ["S2/005.jpg", "S1/004.jpg", "S0/003.jpg"]
        assert (np.diff(people.values["mpjpe"][worst]) < 0).all()
        best = worst_people(people, replace(COLUMNS[0], better="higher"), 1)
        assert people.frames[best[0]] == "S0/000.jpg"

    def test_misses_have_no_error_and_are_shown_apart(self) -> None:
        people = one_person(values={"pck": np.array([90.0, 10.0, 50.0, 0.0])})
        column = replace(COLUMNS[0], key="pck", better="higher")
        assert worst_people(people, column, 9) == [1, 2, 0]
        assert missed_people(people, 9) == [3]
        assert missed_people(one_person(predicted=np.full(4, -1)), 2) == [0, 3]

    def test_people_are_ranked_by_what_there_is(self) -> None:
        ranked = ranking_column(one_person(), COLUMNS[::-1])
        assert ranked is not None and ranked.key == "mpjpe"
        by_root = ranking_column(one_person(values={"ap": np.zeros(4), "mrpe": np.zeros(4)}), COLUMNS[::-1])
        assert by_root is not None and by_root.key == "mrpe"
        assert ranking_column(one_person(values={}), COLUMNS) is None

    def test_a_photo_is_cut_about_the_person(self, tmp_path: Path) -> None:
        photo = np.zeros((600, 800, 3), np.uint8)
        photo[:, 400:] = 255
        Image.fromarray(photo).save(tmp_path / "a.png")
        truth, predicted = frames(1, tmp_path / "a.png")
        in_picture, aside, above = case_drawings(truth[0], 0, predicted[0], 0)
        found = re.search(r'<image href="data:image/jpeg;base64,([^"]*)" x="16.0" y="16.0"', in_picture)
        assert found
        cut = Image.open(io.BytesIO(base64.b64decode(found[1])))
        # The left of two people stands left of the middle of the picture, where it is black.
        assert cut.getpixel((2, cut.height // 2))[0] < 60  # type: ignore[index]
        assert cut.width < 400
        assert "<image" not in aside + above

    @pytest.mark.parametrize("fault", ["no picture", "another size", "absent"])
    def test_a_photo_that_does_not_fit_is_left_out(self, tmp_path: Path, fault: str) -> None:
        file = tmp_path / "a.png"
        if fault == "no picture":
            file.write_bytes(b"not a picture")
        elif fault == "another size":
            Image.new("RGB", (400, 300)).save(file)
        truth, predicted = frames(1, file)
        assert "<image" not in case_drawings(truth[0], 0, predicted[0], 0)[0]

    def test_pixels_of_relative_poses_are_not_made_up(self) -> None:
        truth, _ = frames(1)
        assert truth[0].joints_cam is not None
        pose = PeopleFrame(name="x", skeleton=truth[0].skeleton, joints_cam=truth[0].joints_cam - [0.0, 0.0, 3.0])
        assert pixels_of(pose, 0, truth[0]) is None
        headings = [re.findall(r"<figcaption>(.*?)</", d)[0] for d in case_drawings(truth[0], 0, pose, 0)]
        assert headings == ["In the picture", "From the side, roots at one place"]

    def test_without_a_camera_people_are_drawn_from_the_front(self) -> None:
        truth, predicted = frames(1)
        bare = [f.replaced(camera=None, joints_px=None, joint_scores=None) for f in (truth[0], predicted[0])]
        headings = [re.findall(r"<figcaption>(.*?)</", d)[0] for d in case_drawings(bare[0], 0, bare[1], 0)]
        assert headings == ["From the side, roots at one place", "From the front, roots at one place"]

    def test_flat_people_are_drawn_in_the_picture_only(self) -> None:
        truth, predicted = frames(1)
        flat = [f.replaced(joints_cam=None, root_cam=None, joints_px=standing(2).joints_px) for f in truth + predicted]
        (drawing,) = case_drawings(flat[0], 1, flat[1], 1)
        assert 'class="predicted left"' in drawing and 'class="truth left"' in drawing

    def test_a_missed_person_stands_alone(self) -> None:
        truth, predicted = frames(1)
        drawings = case_drawings(truth[0], 0, predicted[0], -1)
        assert len(drawings) == 2
        assert not any("predicted" in drawing for drawing in drawings)

    def test_unknown_joints_are_not_drawn(self) -> None:
        truth, _ = frames(1)
        assert truth[0].joints_cam is not None
        joints = np.array(truth[0].joints_cam)
        joints[0] = np.nan
        gone = truth[0].replaced(joints_cam=joints, joints_px=None, root_cam=None)
        assert root_of(gone, 0).tolist() == [0.0, 0.0, 0.0]
        assert case_drawings(gone, 0, None, -1) == []
        joints[0, 5] = 1.0
        assert root_of(gone.replaced(joints_cam=joints), 0).tolist() == [1.0, 1.0, 1.0]
        assert "nan" not in "".join(case_drawings(gone.replaced(joints_cam=joints), 0, None, -1))


@pytest.mark.usefixtures("no_plotly")
class TestPage:
    def test_it_says_what_was_found(self) -> None:
        truth, predicted = frames()
        page = report_page({"ours.json": result(truth, predicted)}, truth=truth, predicted=predicted)
        said = text_of(page)
        assert "true people 24 pictures with people 12 found 23 missed 1 (4.2 %) invented 1" in said
        assert "Made official" in said and "Made strict" in said
        assert "nothing aligned" in said
        assert "0.432" in said
        assert "mean &lt;1&gt;" in page
        assert page.count('class="case"') == 9
        assert "Missed people" in said

    def test_two_methods_stand_side_by_side(self) -> None:
        truth, predicted = frames()
        a, b = result(truth, predicted), result(truth, predicted, missed=3, worse=2.0)
        compared = against(a, b, names=("ours", "theirs"))
        said = text_of(report_page({"ours": a, "theirs": b}, truth=truth, predicted=predicted, comparison=compared))
        assert "made: ours against theirs" in said
        assert "Side by side" in said
        assert "paired percentile bootstrap by picture (12 of them)" in said
        assert "Results of theirs" in said

    def test_only_tables_without_people(self) -> None:
        truth, predicted = frames(2)
        bare = replace(result(truth, predicted), people=None, ghosts=())
        said = text_of(report_page({"ours": bare}))
        assert "true people 4 invented 0" in said
        assert "Worst cases" not in said and "Error by joint" not in said

    def test_nobody_is_an_ordinary_value(self) -> None:
        said = text_of(report_page({"ours": result([], [], missed=0)}))
        assert "true people 0 pictures with people 0 found 0 missed 0 invented 1" in said

    def test_names_cannot_break_out(self) -> None:
        evil = '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>{{bundle}}<!--'
        truth, predicted = frames(6)
        people = errors(result(truth, predicted))
        bad = replace(
            result(truth, predicted),
            people=replace(people, frames=(evil,) * 12, sequences=(evil,) * 12, joints=(evil, *people.joints[1:])),
            provenance={evil: evil},
        )
        page = report_page({evil: bad}, title=evil)
        assert page.count("<script") == 3
        assert "<img" not in page
        assert page.count(STUB.replace("</", "<\\/")) == 1

    def test_the_policy_names_its_scripts_and_nothing_else(self) -> None:
        truth, predicted = frames(2)
        page = report_page({"ours": result(truth, predicted)}, truth=truth, predicted=predicted)
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
        others = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
        assert re.sub(r"script-src [^;]*; ", "", policy) == others
        (allowed,) = re.findall(r"script-src ([^;]*)", policy)
        scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
        assert allowed.split() == [f"'sha256-{h}'" for h in hashes]
        assert not re.search(r"https?://|@import|<link|fetch\(|XMLHttp|\son\w+=", page)

    def test_one_protocol_and_at_most_two_methods(self) -> None:
        truth, predicted = frames(1)
        one = result(truth, predicted)
        with pytest.raises(InputError, match="expected one or two methods, got 0"):
            report_page({})
        with pytest.raises(InputError, match="expected one or two methods, got 3"):
            report_page({"a": one, "b": one, "c": one})
        with pytest.raises(InputError, match="expected results of one protocol, got made, other"):
            report_page({"a": one, "b": replace(one, protocol="other")})

    def test_it_is_written_whole_or_not_at_all(self, tmp_path: Path) -> None:
        truth, predicted = frames(2)
        shown = {"ours": result(truth, predicted)}
        write_report_page(tmp_path / "report.html", shown, truth=truth, predicted=predicted)
        assert (tmp_path / "report.html").read_text() == report_page(shown, truth=truth, predicted=predicted)
        with pytest.raises(FileError):
            write_report_page(tmp_path / "absent" / "report.html", shown)


def test_without_plotly_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    truth, predicted = frames(1)
    with pytest.raises(MissingExtraError, match=r"the report page needs .*metricpose\[report\]"):
        report_page({"ours": result(truth, predicted)})


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here to draw the page (apt-get install chromium)")
def test_a_browser_draws_every_plot_within_the_policy(tmp_path: Path) -> None:
    """Twice: the theme is changed by hand. A script before the policy counts faults and what the policy refused."""
    pytest.importorskip("plotly", reason="the report needs the report extra")
    truth, predicted = frames()
    shown = {"ours": result(truth, predicted), "theirs": result(truth, predicted, worse=2.0)}
    watch = """<script>
    const faults = [];
    addEventListener("error", (event) => faults.push(event.message));
    document.addEventListener("securitypolicyviolation", (event) => faults.push(event.violatedDirective));
    addEventListener("load", () => setTimeout(() => {
      document.getElementById("theme").click();
      setTimeout(() => { document.documentElement.dataset.faults = faults.join("; ") || "none"; }, 500);
    }, 500));
    </script>"""
    page = report_page(shown, truth=truth, predicted=predicted, title="drawn")
    file = tmp_path / "report.html"
    file.write_text(page.replace("<meta http-equiv", f"{watch}<meta http-equiv"))
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    assert re.findall(r'<html[^>]*data-faults="([^"]*)"', seen) == ["none"]
    assert re.findall(r'<html[^>]*data-theme="([^"]*)"', seen) == ["dark"]
    assert seen.count('data-drawn="yes"') == 5
    assert "could not be drawn" not in re.sub(r"<script.*?</script>", "", seen, flags=re.DOTALL)
    assert seen.count('class="trace scatter') >= 8
