"""Random cameras: within their ranges, out of the held-out bands, and the same cameras as the core's own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.virtual.cameras import (  # noqa: E402
    HELD_OUT_BANDS,
    SIZES,
    CameraBatch,
    CameraOptions,
    cam_from_world_rotation,
    sample_cameras,
)
from metricpose.virtual.scene_people import camera_of  # noqa: E402


def _cameras(n: int = 2000, seed: int = 0, **options: object) -> CameraBatch:
    return sample_cameras(n, CameraOptions(**options), torch.Generator().manual_seed(seed))  # type: ignore[arg-type]


def _values(cameras: CameraBatch) -> dict[str, torch.Tensor]:
    ratio = cameras.focal_px / cameras.size_px[:, 0]
    return {"focal_over_width": ratio, "height_m": cameras.height_m, "pitch_deg": cameras.pitch_deg}


def _within(value: torch.Tensor, band: tuple[float, float]) -> torch.Tensor:
    return (value >= band[0] - 1e-5) & (value <= band[1] + 1e-5)


def test_a_seed_gives_the_same_cameras_and_another_seed_others() -> None:
    one, same, other = _cameras(50), _cameras(50), _cameras(50, seed=1)
    for name, value in vars(one).items():
        assert torch.equal(value, getattr(same, name)), name
        assert not torch.equal(value, getattr(other, name)), name


def test_cameras_lie_in_the_stated_ranges_and_use_their_width() -> None:
    cameras, options = _cameras(), CameraOptions()
    for name, value in _values(cameras).items():
        low, high = getattr(options, name)
        assert _within(value, (low, high)).all(), name
        assert value.min() < low + 0.1 * (high - low), name
        assert value.max() > high - 0.1 * (high - low), name
    assert cameras.roll_deg.abs().max() <= options.roll_max_deg
    assert cameras.roll_deg.abs().max() > 25
    shift = (cameras.centre_px - (cameras.size_px - 1) / 2) / cameras.size_px
    assert shift.abs().max() <= 0.2 + 1e-6
    assert (shift == 0).all(1).float().mean() == pytest.approx(0.6, abs=0.05)
    assert {tuple(size) for size in cameras.size_px.int().tolist()} == set(SIZES)


def test_about_half_of_the_cameras_are_held_level() -> None:
    level = (_cameras().roll_deg.abs() < 4).float().mean()
    assert level == pytest.approx(0.5 + 0.5 * 4 / 30, abs=0.04)
    assert (_cameras(level_share=1.0).roll_deg.abs() < 8).all()


def test_excluded_bands_are_never_drawn() -> None:
    for name, value in _values(_cameras(3000, excluded=HELD_OUT_BANDS)).items():
        low, high = HELD_OUT_BANDS[name]
        assert not ((value > low + 1e-5) & (value < high - 1e-5)).any(), name
        assert (value < low).any(), name
        assert (value > high).any(), name


@pytest.mark.parametrize("name", HELD_OUT_BANDS)
def test_a_required_band_holds_every_camera_and_leaves_the_others_free(name: str) -> None:
    values = _values(_cameras(600, required={name: HELD_OUT_BANDS[name]}))
    assert _within(values[name], HELD_OUT_BANDS[name]).all()
    assert all(not _within(values[other], HELD_OUT_BANDS[other]).all() for other in values if other != name)


def test_all_required_bands_hold_at_once() -> None:
    for name, value in _values(_cameras(600, required=HELD_OUT_BANDS)).items():
        assert _within(value, HELD_OUT_BANDS[name]).all(), name


def test_a_band_too_narrow_to_hit_gives_its_middle() -> None:
    heights = _cameras(20, required={"height_m": (2.5, 2.5 + 1e-7)}).height_m
    torch.testing.assert_close(heights, torch.full((20,), 2.5))


def test_rotations_are_proper() -> None:
    rotation = _cameras(500).rotation
    identity = torch.eye(3).expand_as(rotation)
    torch.testing.assert_close(rotation @ rotation.transpose(1, 2), identity, atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(500), atol=1e-5, rtol=0)


def _rotation(pitch: float, roll: float) -> torch.Tensor:
    return cam_from_world_rotation(torch.tensor([pitch]), torch.tensor([roll]))[0]


def _assert_turned(rotation: torch.Tensor, world: tuple[float, ...], cam: tuple[float, ...]) -> None:
    torch.testing.assert_close(rotation @ torch.tensor(world), torch.tensor(cam), atol=1e-6, rtol=0)


def test_a_level_camera_looks_along_x_with_the_sky_above() -> None:
    level = _rotation(0.0, 0.0)
    _assert_turned(level, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    _assert_turned(level, (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0))  # world +y is to the left
    _assert_turned(level, (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))


def test_pitch_looks_down_and_roll_turns_about_the_line_of_sight() -> None:
    _assert_turned(_rotation(90.0, 0.0), (0.0, 0.0, -1.0), (0.0, 0.0, 1.0))
    _assert_turned(_rotation(0.0, 90.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    _assert_turned(_rotation(0.0, 90.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))  # the ground comes up on the right


def test_points_go_where_the_core_camera_sends_them() -> None:
    cameras = _cameras(30)
    generator = torch.Generator().manual_seed(2)
    seen = torch.rand(30, 4, 5, 3, generator=generator) * torch.tensor([6.0, 4.0, 9.0]) + torch.tensor([-3.0, -2, 1])
    centre = torch.tensor([0.0, 0.0, 1.0]) * cameras.height_m[:, None]
    world = (seen.flatten(1, 2) @ cameras.rotation + centre[:, None]).reshape(seen.shape)
    cam = cameras.to_cam(world)
    torch.testing.assert_close(cam, seen, atol=1e-4, rtol=1e-5)
    px = cameras.to_px(cam).double()
    for index in range(len(cameras)):
        camera = camera_of(cameras, index, with_extrinsics=True)
        assert camera.cam_from_world is not None
        there = world[index].double().numpy() @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
        np.testing.assert_allclose(there, cam[index], atol=1e-4)
        expected, in_front = camera.project(cam[index].double().numpy())
        assert in_front.all()
        np.testing.assert_allclose(px[index], expected, rtol=1e-5, atol=1e-2)


def test_points_behind_the_camera_stay_finite() -> None:
    assert torch.isfinite(_cameras(3).to_px(torch.tensor([0.1, 0.2, -1.0]).expand(3, 2, 3))).all()


def test_part_of_a_batch_keeps_its_cameras() -> None:
    cameras = _cameras(10)
    part = cameras[torch.tensor([7, 2])]
    assert len(part) == 2
    assert torch.equal(part.rotation, cameras.rotation[[7, 2]])
    assert torch.equal(cameras[2:5].focal_px, cameras.focal_px[2:5])
