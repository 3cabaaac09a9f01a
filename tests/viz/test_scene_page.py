"""The page: what it is told, that it needs nobody else, and that a browser draws it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from metricpose import FileError
from metricpose.geometry import Camera
from metricpose.io.records import ImagePeople3D
from metricpose.people import People3D
from metricpose.skeletons import skeleton_named
from metricpose.viz.scene_data import level_from_cam
from metricpose.viz.scene_page import scene_page, write_scene_page
from tests.viz.people_made import CAMERA, standing

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"),
    *("--disable-background-networking", "--disable-sync", "--window-size=1200,800", "--virtual-time-budget=3000"),
)


def record(people: People3D, image: str = "a.png") -> ImagePeople3D:
    return ImagePeople3D(image=image, people=people)


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="scene">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def tilted(pitch_deg: float, height: float) -> Camera:
    """A camera at `height` that looks down by `pitch_deg`."""
    a = np.deg2rad(pitch_deg)
    extrinsics = np.eye(4)
    extrinsics[:3, :3] = [[1, 0, 0], [0, -np.sin(a), -np.cos(a)], [0, np.cos(a), -np.sin(a)]]
    extrinsics[:3, 3] = -extrinsics[:3, :3] @ [0.0, 0.0, height]
    return CAMERA.replaced(cam_from_world=extrinsics)


@pytest.mark.parametrize("pitch_deg", [-20.0, 0.0, 35.0, 89.0])
def test_a_camera_with_extrinsics_gives_the_world_about_its_foot(pitch_deg: float) -> None:
    camera = tilted(pitch_deg, 2.5)
    assert camera.cam_from_world is not None
    world = np.array([[0.3, 4.0, 1.1], [-2.0, 6.0, 0.0]])
    cam = world @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
    assert cam @ level_from_cam(camera).T + [0, 0, 2.5] == pytest.approx(world, abs=1e-9)


@pytest.mark.parametrize("up", [None, (0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (0.6, -0.8, 0.0)])
def test_the_level_frame_is_right_handed(up: tuple[float, ...] | None) -> None:
    rotation = level_from_cam(CAMERA.replaced(up_cam=None if up is None else np.array(up)))
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_person_in_the_page_frame() -> None:
    (shown,) = data_of(scene_page([record(standing(ids=(7,)))]))["frames"]
    (person,) = shown["people"]
    assert person["label"] == "#7"
    assert (person["depth"], person["near"], person["far"]) == (4.0, 3.7, 4.4)
    # Without a height the lowest joint, 0.9 m below the camera, stands on the ground.
    assert shown["camera"]["at"] == pytest.approx([0, 0, 0.9], abs=2e-3)
    assert person["root"] == pytest.approx([0.0, 4.0, 0.9], abs=2e-3)
    assert [end[1] for end in person["interval"]] == pytest.approx([3.7, 4.4], abs=2e-3)
    assert not shown["grounded"]


def test_the_interval_lies_on_the_ray_of_the_root() -> None:
    people = standing(3)
    shown = data_of(scene_page([record(people)]))["frames"][0]
    for person, p in zip(shown["people"], range(3), strict=True):
        at = np.array(shown["camera"]["at"])
        near, root, far = (np.array(x) - at for x in (person["interval"][0], person["root"], person["interval"][1]))
        assert near / near[1] == pytest.approx(root / root[1], abs=2e-3)
        assert far / far[1] == pytest.approx(root / root[1], abs=2e-3)
        assert root[0] == pytest.approx(people.root_cam[p, 0], abs=2e-3)


def test_unknown_joints_are_null_and_the_json_is_strict() -> None:
    joints, sigma, scores = np.array(standing().joints_cam), np.full((1, 17), 0.03), np.ones((1, 17))
    joints[0, 9], sigma[0, 9], scores[0, 9] = np.nan, np.inf, 0.0
    page = scene_page([record(standing(joints_cam=joints, joint_sigma=sigma, joint_scores=scores))])
    person = data_of(page)["frames"][0]["people"][0]
    assert person["joints"][9] is None
    assert person["sigmas"][9] is None
    assert person["seen"][9] == 0
    assert "NaN" not in json.dumps(data_of(page))


def test_truth_is_compared_by_id() -> None:
    people, truth = standing(2, ids=(3, 5)), standing(2, depth=4.5, ids=(5, 8))
    shown = data_of(scene_page([record(people)], truth=[record(truth)]))["frames"][0]
    assert [person["true"] for person in shown["people"]] == [None, 4.5]
    assert len(shown["truth"]) == 2
    other = data_of(scene_page([record(people)], truth=[record(truth, "b.png")]))["frames"][0]
    assert other["truth"] == []


def test_skeletons_are_there_once() -> None:
    records = [record(standing(), f"{i}.png") for i in range(3)] + [record(standing().to("h36m17"), "x.png")]
    data = data_of(scene_page(records))
    assert [skeleton["name"] for skeleton in data["skeletons"]] == ["coco17", "h36m17"]
    assert [shown["people"][0]["skeleton"] for shown in data["frames"]] == [0, 0, 0, 1]


def test_names_cannot_break_out_of_the_page() -> None:
    name = "</script><script>alert(1)</script>{{script}}<!--.png"
    page = scene_page([record(standing(), name)], title="<b>{{data}}</b>")
    assert page.count("<script") == 2
    assert data_of(page)["frames"][0]["name"] == name
    assert "<title>&lt;b&gt;{{data}}&lt;/b&gt;</title>" in page


def test_it_asks_nobody_for_anything() -> None:
    page = scene_page([record(standing())], pictures={"a.png": np.zeros((60, 80, 3), np.uint8)})
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|//cdn|@import|<link|\bsrc=|fetch\(|XMLHttp", page)
    assert data_of(page)["frames"][0]["picture"].startswith("data:image/jpeg;base64,")


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_scene_page(tmp_path / "scene.html", [record(standing())])
    assert (tmp_path / "scene.html").read_text() == scene_page([record(standing())])
    with pytest.raises(FileError):
        write_scene_page(tmp_path / "missing" / "scene.html", [])


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here to draw the page (apt-get install chromium)")
class TestInABrowser:
    """The page in headless Chromium, with a script that plays the user appended to it."""

    def drawn(self, tmp_path: Path, page: str, user: str = "") -> dict[str, str]:
        """The data attributes of canvas and document, after `user` has acted."""
        file = tmp_path / "scene.html"
        file.write_text(page.replace("</body>", f"<script>{user}</script></body>"))
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return dict(re.findall(r'data-([a-z]+)="([^"]*)"', "".join(re.findall(r"<(?:html|canvas)[^>]*>", done.stdout))))

    def test_people_and_truth_are_drawn(self, tmp_path: Path) -> None:
        # Everything a hand can do, once; then the pixels that are not background are counted.
        user = """
        const key = (key, shiftKey = false) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey }));
        for (const name of Object.keys(KEYS)) key(name.replace("Shift+", ""), name.startsWith("Shift+"));
        for (const button of document.querySelectorAll("button")) button.click();
        for (const box of document.querySelectorAll("[type=checkbox]")) { box.click(); box.click(); }
        canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: 100 }));
        play(false); show(1); look("aside"); draw();
        const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        let inked = 0;
        for (let i = 3; i < pixels.length; i += 4) inked += pixels[i] > 200;
        canvas.dataset.inked = inked;
        canvas.dataset.rows = document.querySelectorAll("#rows tr").length;
        canvas.dataset.label = canvas.getAttribute("aria-label");
        """
        records = [record(standing(ids=(0,))), record(standing(3, ids=(0, 1, 2)), "b.png")]
        page = scene_page(records, truth=[record(standing(3, depth=4.4, ids=(0, 1, 2)), "b.png")])
        found = self.drawn(tmp_path, page, user)
        assert found["errors"] == "0"
        assert (found["drawn"], found["truth"], found["rows"]) == ("3", "3", "3")
        assert int(found["inked"]) > 2000
        assert found["label"].startswith("3D view of b.png: 3 people; camera: given")

    @pytest.mark.parametrize("records", [[], [record(People3D.empty(skeleton_named("coco17"), CAMERA))]])
    def test_nobody_is_drawn(self, tmp_path: Path, records: list[ImagePeople3D]) -> None:
        found = self.drawn(tmp_path, scene_page(records), "look('camera'); draw();")
        assert found["errors"] == "0"
        assert found["drawn"] == "0"
