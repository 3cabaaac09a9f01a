"""Adapting to one camera: what the network is told, sets that share nothing with training, resuming, the report."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from metricpose._errors import FileError, InputError  # noqa: E402
from metricpose.geometry import BrownConrady, Camera  # noqa: E402
from metricpose.inference import ExtrinsicsDoubt  # noqa: E402
from metricpose.inference.adapted import camera_adapted_to  # noqa: E402
from metricpose.inference.knowledge import camera_row  # noqa: E402
from metricpose.io import read_camera  # noqa: E402
from metricpose.training import adaptation  # noqa: E402
from metricpose.training.adaptation import AdaptationOptions, adapted  # noqa: E402
from metricpose.training.adaptation_data import QUICK, SETS, AdaptationData, Known, set_seed  # noqa: E402
from metricpose.training.adaptation_folder import SHIPPED_LICENCE, StartingWeights  # noqa: E402
from metricpose.training.adaptation_report import JudgedSet, judged_people, report_text, verdict  # noqa: E402
from metricpose.training.lifter_judging import calibrated, judged  # noqa: E402
from metricpose.training.loop import step_generator  # noqa: E402
from metricpose.training.own_poses import OwnPoses  # noqa: E402
from metricpose.virtual.one_camera import up_of, with_pose  # noqa: E402
from tests.models.people_seen import small_net  # noqa: E402
from tests.training.tiny import ALONE  # noqa: E402

CPU = torch.device("cpu")
LENS = Camera(
    intrinsics_px=np.array([[1150.0, 0, 640], [0, 1160, 350], [0, 0, 1]]),
    image_size=(1280, 720),
    distortion=BrownConrady((-0.2, 0.05, 0.001, 0.0, 0.0)),
)
STANDING = with_pose(LENS, up_of(16.0), 2.4)
FILES = ["camera.json", "checkpoint.safetensors", "ray_lifter.safetensors", "report.json", "report.txt", "run.json"]


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that knows nothing yet, as a file."""
    path = tmp_path_factory.mktemp("start") / "small.safetensors"
    net = small_net(gain=1.0)
    save_file(net.state_dict(), path, metadata={"options": json.dumps(vars(net.options)), "licence": "MIT"})
    return path


@pytest.fixture(autouse=True)
def plain_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Safetensors alone: ONNX takes longer than all else, and tests/cli/test_adapt.py has it."""

    def exported(model, folder: Path, facts: dict[str, str]) -> None:
        metadata = {"options": json.dumps(vars(model.options)), **facts}
        save_file(model.state_dict(), folder / "ray_lifter.safetensors", metadata=metadata)

    monkeypatch.setattr(adaptation, "exported", exported)


def _silent(*args: object) -> None:
    return None


def _adapted(folder: Path, weights: Path | None, say: Callable[[str], None] = _silent, **options) -> dict:
    folder.mkdir(exist_ok=True)
    known = options.pop("known", Known(camera=STANDING))
    chosen = AdaptationOptions(known=known, weights=weights, **{"steps": 3, "sizes": QUICK, **options})
    return adapted(chosen, folder, CPU, say=say, report=_silent)


def _data(known: Known, seed: int = 0) -> AdaptationData:
    return AdaptationData(known, known.one_camera(), QUICK, seed, CPU)


TILTED = STANDING.replaced(cam_from_world=None, up_cam=STANDING.up)
DOUBT = ExtrinsicsDoubt(tilt_deg=1.5, height=0.04)


@pytest.mark.parametrize(
    ("known", "fully"),
    [
        (Known(camera=LENS), False),
        (Known(camera=LENS, height_m=2.4), False),
        (Known(camera=TILTED), False),
        (Known(camera=STANDING), True),
        (Known(camera=STANDING, doubt=DOUBT), True),
    ],
)
def test_the_network_is_told_in_training_what_it_will_be_told(known: Known, fully: bool) -> None:
    data = _data(known)
    row = torch.from_numpy(camera_row(known.camera, known.doubt))
    batches = [data.training_batch(torch.Generator().manual_seed(0))]
    batches += [data.held_out(name).batch for name in ("validation", "calibration", "this camera")]
    for batch in batches:
        assert torch.equal(batch.camera, row.expand_as(batch.camera))
        assert batch.misled.any() == fully
    assert known.fully == fully


def test_rays_are_those_of_the_distorted_lens() -> None:
    batch = _data(Known(camera=STANDING)).held_out("this camera").batch
    seen = batch.real[..., None] & (batch.scores > 0.5)
    truth = torch.nn.functional.normalize(batch.joints_cam, dim=-1)
    angle = torch.rad2deg(torch.acos((batch.rays * truth).sum(-1).clamp(-1, 1)))[seen]
    assert angle.median() < 0.25
    far = (truth[..., 2][seen] < 0.93) & (truth[..., 2][seen] > 0.8)  # towards the corners the lens bends by degrees
    assert far.sum() > 20
    assert angle[far].median() < 0.4


def test_elsewhere_is_told_nothing_or_all() -> None:
    data = _data(Known(camera=STANDING))
    assert (data.held_out("elsewhere, unknown").batch.camera == 0).all()
    known = data.held_out("elsewhere, known").batch.camera
    assert (known[:, [3, 6]] == 1).all()
    assert known[:, 5].std() > 0.3


def test_sets_share_no_seed_with_training_or_each_other() -> None:
    seeds = [set_seed(seed, name) for seed in range(4) for name in SETS]
    assert len(set(seeds)) == 4 * len(SETS)
    steps = {step_generator(seed, step, ALONE).initial_seed() for seed in range(4) for step in range(3000)}
    assert len(steps) == 12_000
    assert not steps & set(seeds)
    data = _data(Known(camera=LENS))
    assert [data.held_out(name).seed for name in SETS] == [set_seed(0, name) for name in SETS]


def test_a_set_is_the_same_on_every_call_and_another_for_another_seed() -> None:
    data = _data(Known(camera=STANDING))
    ours, again = data.held_out("this camera"), data.held_out("this camera")
    assert torch.equal(ours.batch.joints_cam, again.batch.joints_cam)
    assert not torch.equal(
        ours.batch.joints_cam[:8], _data(Known(camera=STANDING), 1).held_out("this camera").batch.joints_cam[:8]
    )
    assert len(ours.stature_m) == len(ours.child) == int(ours.batch.real.sum())


def test_held_out_people_have_other_bodies_and_poses() -> None:
    data = _data(Known(camera=LENS))
    train, val, test = (data._people[split] for split in ("train", "val", "test"))
    for one, other in ((train, val), (train, test), (val, test)):
        assert not set(one.bodies.adults.tolist()) & set(other.bodies.adults.tolist())
        assert torch.cdist(one.poses.rotations.flatten(1), other.poses.rotations.flatten(1)).min() > 1e-3


def _own_poses(clips: int) -> OwnPoses:
    """Clips of poses that no other source has, each unlike any other."""
    angles = torch.arange(clips * 20, dtype=torch.float32).reshape(clips, 20) * 1e-3
    turns = torch.eye(3).expand(clips, 20, 21, 3, 3).clone()
    turns[..., 0, 0] = turns[..., 1, 1] = angles.cos()[..., None]
    turns[..., 1, 0], turns[..., 0, 1] = angles.sin()[..., None], -angles.sin()[..., None]
    return OwnPoses(names=tuple(map(str, range(clips))), clips=tuple(turns))


@pytest.mark.parametrize("clips", [2, 10])
def test_own_poses_are_mixed_in_by_their_share_and_held_out(clips: int) -> None:
    own = _own_poses(clips)
    data = _data(Known(camera=LENS, poses=own, poses_share=0.4))
    for split in ("train", "val", "test"):
        pool, part = data._people[split].poses, own.of_split(split)
        assert torch.equal(pool.rotations[-len(part) :], part)
        assert pool.weight[-len(part) :].sum() / pool.weight.sum() == pytest.approx(0.4)
        assert len(data._anybody.get(split, data._people[split]).poses) == len(pool) - len(part) * (split != "train")
    shown = data._people["train"].poses.rotations.flatten(1)
    assert torch.cdist(own.of_split("test").flatten(1), shown).min() > 1e-3


def test_known_statures_hold_for_the_camera_and_not_elsewhere() -> None:
    data = _data(Known(camera=STANDING, stature_m=(1.62, 1.65)))
    own = data.held_out("this camera")
    assert own.stature_m.min() >= 1.62 - 1e-5
    assert own.stature_m.max() <= 1.65 + 1e-5
    assert not own.child.any()
    assert data.held_out("elsewhere, known").stature_m.std() > 0.1


def test_a_run_writes_weights_that_say_what_they_are_for(tmp_path: Path, small_weights: Path) -> None:
    document = _adapted(tmp_path / "run", small_weights)
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == FILES
    start = StartingWeights.found(tmp_path / "run")
    assert start.path == tmp_path / "run" / "ray_lifter.safetensors"
    assert start.licence == "MIT"
    from metricpose.models.ray_lifter_engine import lifter_facts, loaded_ray_lifter

    facts = lifter_facts(start.path)
    assert facts["adapted_from"] == f"{small_weights}, sha256 {document['adapted_from']['sha256']}"
    assert facts["people"] == "adults and 12 % children"
    made_for = camera_adapted_to(facts)
    assert made_for is not None
    assert made_for.distortion == LENS.distortion
    assert made_for.height_m == pytest.approx(2.4)
    assert read_camera(tmp_path / "run" / "camera.json").distortion == LENS.distortion
    ours, theirs = loaded_ray_lifter(start.path).state_dict(), load_file(small_weights)
    assert not torch.equal(ours["embed.weight"], theirs["embed.weight"])
    assert json.loads((tmp_path / "run" / "report.json").read_text()) == document
    assert (tmp_path / "run" / "report.txt").read_text() == report_text(document)


def test_what_is_reported_is_what_the_files_and_the_start_do(tmp_path: Path, small_weights: Path) -> None:
    from metricpose.models.ray_lifter_engine import loaded_ray_lifter

    document = _adapted(tmp_path, small_weights)
    data = _data(Known(camera=STANDING))
    for entry, name in zip(document["sets"], SETS[3:], strict=True):
        held_out = data.held_out(name)
        for when, path in (("before", small_weights), ("after", tmp_path / "ray_lifter.safetensors")):
            figures = judged(loaded_ray_lifter(path), held_out.batch)
            assert entry[when] == pytest.approx(figures, abs=2e-3)
        assert (entry["people"], entry["seed"]) == (int(held_out.batch.real.sum()), set_seed(0, name))


@pytest.mark.parametrize(("camera", "own_row"), [(STANDING, 1), (TILTED, 0), (LENS, 0)])
def test_intervals_are_calibrated_on_the_camera_itself(
    tmp_path: Path, small_weights: Path, monkeypatch: pytest.MonkeyPatch, camera: Camera, own_row: int
) -> None:
    seen = []

    def watched(model, unknown, known):
        seen.append((unknown, known))
        return calibrated(model, unknown, known)

    monkeypatch.setattr(adaptation, "calibrated", watched)
    _adapted(tmp_path, small_weights, known=Known(camera=camera))
    own, other = seen[0][own_row], seen[0][1 - own_row]
    assert torch.equal(own.camera, torch.from_numpy(camera_row(camera)).expand_as(own.camera))
    assert (other.camera[:, 3] * other.camera[:, 6] == 1 - own_row).all()


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "ray_lifter.safetensors")


def test_the_same_steps_and_seed_give_the_same_weights(tmp_path: Path, small_weights: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        _adapted(tmp_path / name, small_weights, seed=seed)
    ours = _weights(tmp_path / "a")
    assert all(torch.equal(value, ours[name]) for name, value in _weights(tmp_path / "b").items())
    assert not torch.equal(_weights(tmp_path / "c")["embed.weight"], ours["embed.weight"])


def test_a_run_that_was_cut_short_goes_on_to_the_same_end(tmp_path: Path, small_weights: Path) -> None:
    said: list[str] = []
    whole = _adapted(tmp_path / "whole", small_weights, steps=4)
    cut = _adapted(tmp_path / "cut", small_weights, said.append, steps=4, minutes=1e-9)
    assert (whole["training"]["steps"], cut["training"]["steps"]) == (4, 1)
    assert not any("going on" in text for text in said)
    end = _adapted(tmp_path / "cut", small_weights, said.append, steps=4)
    assert end["training"]["steps"] == 4
    assert "going on after step 1" in said
    ours = _weights(tmp_path / "whole")
    assert all(torch.equal(value, ours[name]) for name, value in _weights(tmp_path / "cut").items())
    assert end["sets"] == whole["sets"]


def test_without_a_number_of_steps_the_clock_decides_and_the_next_call_goes_on(
    tmp_path: Path, small_weights: Path
) -> None:
    said: list[str] = []
    first = _adapted(tmp_path, small_weights, said.append, steps=None, minutes=1e-9)["training"]["steps"]
    assert first == 2  # one of the plateau, one of the fall
    assert "the learning rate falls over 1 more steps" in said
    assert _adapted(tmp_path, small_weights, steps=None, minutes=1e-9)["training"]["steps"] == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"known": Known(camera=LENS)}, "to another camera (this one has no known tilt, no known height)"),
        (
            {"known": Known(camera=STANDING.resized((640, 360)))},
            "to another camera (this one has numbers that differ a little)",
        ),
        ({"known": Known(camera=STANDING, doubt=DOUBT)}, "with another --doubt: [0.0, 0.0], now [1.5, 0.04]"),
        ({"known": Known(camera=STANDING, stature_m=(1.6, 1.8))}, "with another --stature: null, now [1.6, 1.8]"),
        ({"seed": 5}, "with another --seed: 0, now 5"),
        ({"weights": None}, "with another --lifter-weights: "),
    ],
)
def test_the_folder_of_another_run_is_refused(tmp_path: Path, small_weights: Path, changes: dict, words: str) -> None:
    _adapted(tmp_path, small_weights, steps=1)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(InputError) as caught:
        _adapted(tmp_path, **{"weights": small_weights, **changes})
    assert str(caught.value).startswith(f"{tmp_path}: holds an adaptation {words}")
    assert str(caught.value).endswith("choose another folder with -o")
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_the_folder_of_another_training_is_refused(tmp_path: Path, small_weights: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"x")
    with pytest.raises(InputError, match="holds the checkpoint of another training; choose another folder with -o"):
        _adapted(tmp_path, small_weights)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(FileError, match=r"run.json: not a readable record of an adaptation; choose another folder"):
        _adapted(tmp_path, small_weights)


def test_weights_that_cannot_be_trained_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ray_lifter.onnx").touch()
    with pytest.raises(FileError) as caught:
        StartingWeights.found(tmp_path / "ray_lifter.onnx")
    assert str(caught.value) == (
        f"{tmp_path / 'ray_lifter.onnx'}: expected a lifter's weights as .safetensors to start from, got no such file; "
        "name one that a training or an adaptation wrote (an ONNX file cannot be trained)"
    )


def test_the_shipped_weights_carry_their_licence() -> None:
    start = StartingWeights.found(None)
    assert start.licence == SHIPPED_LICENCE
    assert start.licence.startswith("Apache-2.0; learnt from: CMU Graphics Lab")
    card = Path(__file__).parents[2] / "docs" / "weights" / "ray_lifter.md"
    assert start.sha256 in card.read_text()


def _judged_set(shift_mm: float, spread_mm: float = 1.0) -> JudgedSet:
    """The camera's own set whose people are off by 100 mm before and 100 + shift after, each scene a little apart."""
    held_out = _data(Known(camera=STANDING)).held_out("this camera")
    errors = judged_people(small_net(), held_out)
    people = len(held_out.stature_m)
    noise = np.random.default_rng(0).normal(0, spread_mm, people)
    before, after = (
        dict(errors, mrpe_mm=100 + np.zeros(people) + shift) for shift in (0.0, shift_mm + noise - noise.mean())
    )
    return JudgedSet(name="this camera", held_out=held_out, before=before, after=after)


@pytest.mark.parametrize(
    ("shift", "spread", "better", "start", "end"),
    [
        (-20.0, 1.0, True, "Better: MRPE 100 -> 80 mm on this camera's held-out set (-20 to -20 mm, 95 %)", "."),
        (-1.0, 40.0, True, "Perhaps better, within chance: MRPE 100 -> 99 mm on this camera's held-out set (-", "."),
        (5.0, 1.0, False, "Not better: MRPE 100 -> 105 mm on this camera's held-out set (+5 to +5 mm, 95 %);",
         " keep the weights that it was adapted from, or give it more minutes."),
        (0.0, 0.0, False, "Not better: MRPE 100 -> 100 mm", " minutes."),
    ],
)  # fmt: skip
def test_the_verdict_is_one_line(shift: float, spread: float, better: bool, start: str, end: str) -> None:
    says, words = verdict(_judged_set(shift, spread))
    assert says is better
    assert words.startswith(start)
    assert words.endswith(end)
    assert "\n" not in words


def test_a_report_has_a_unit_in_every_column_and_tells_the_floor(tmp_path: Path, small_weights: Path) -> None:
    known = Known(camera=STANDING, doubt=DOUBT, stature_m=(1.7, 1.7), poses=_own_poses(5))
    text = report_text(_adapted(tmp_path, small_weights, known=known))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 150
    (header,) = [line for line in lines if "MRPE mm" in line]
    for column in ("MRPE mm", "MRPE_z mm", "MRPE_z % of depth", "MPJPE mm", "PA-MPJPE mm", "in the 90 % interval, %"):
        assert column in header
    assert sum(" before " in line for line in lines) == sum(" after " in line for line in lines) == 3
    assert "tilted 16.0 degrees down (+- 1.5), 2.40 m over the ground (+- 4 %)" in " ".join(text.split())
    assert "1.70 m tall, 50 % in 100 poses of 5 clips of your own (1 of 5 clips held out)" in " ".join(text.split())
    assert "this camera, held out: 0.0 % (people), 0.0 % (adults)" in text
    assert "and poses that its user brought" in " ".join(text.split())
