"""A situation: the cameras, poses and bodies of scenes that a method learns from, or is tested on."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from metricpose.virtual.cameras import CameraSource
from metricpose.virtual.placement import PlacementOptions
from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.world import World

_TEST_SEED = 4_711


class AnySituation(Protocol):
    """What methods learn from, in a form that they know; and what they are tested on."""

    @property
    def name(self) -> str: ...
    def test_scenes(self, count: int, device: torch.device) -> Any: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Situation:
    """Scenes to come; `name` is a column, or a row, of a table."""

    name: str
    world: World
    scene: SceneOptions

    def scenes(self, count: int, generator: torch.Generator) -> SceneBatch:
        """`count` scenes to learn from."""
        return generate_scenes(count, self.world.poses, self.world.bodies, self.scene, generator)

    def test_scenes(self, count: int, device: torch.device) -> SceneBatch:
        """`count` scenes to be tested on, the same for every method and seed; poses are not varied."""
        plain = replace(self.scene, augmentation=None)
        generator = torch.Generator(device).manual_seed(_TEST_SEED)
        return generate_scenes(count, self.world.poses, self.world.bodies, plain, generator)


def adults_in_a_room(cameras: CameraSource) -> SceneOptions:
    """One to four adults on a flat floor, up to 8 m away: as in the studios of the paper's data. Detections have the
    usual noise and occlusion."""
    placement = PlacementOptions(
        people=(0.25, 0.25, 0.25, 0.25), distance_m=(1.5, 8.0), stage_share=0.0, stairs_share=0.0
    )
    return SceneOptions(cameras=cameras, placement=placement, child_share=0.0)


class RootAnswers(NamedTuple):
    """Of M judged people: roots_cam (M, 3) m as a method says, true_roots_cam (M, 3) m, and found (M,) bool: False for
    whom the method had no answer of its own, and a simpler one's stands here."""

    roots_cam: Tensor
    true_roots_cam: Tensor
    found: Tensor


def figures(answers: RootAnswers) -> dict[str, float]:
    """MRPE and MRPE_z in mm, MRPE_z in % of depth, means over all people; how many people, and how many found in %."""
    off, depth = answers.roots_cam - answers.true_roots_cam, answers.true_roots_cam[:, 2]
    return {
        "people": len(off),
        "mrpe_mm": 1000 * float(off.norm(dim=-1).mean()),
        "mrpe_z_mm": 1000 * float(off[:, 2].abs().mean()),
        "mrpe_z_percent": 100 * float((off[:, 2].abs() / depth).mean()),
        "found_percent": 100 * float(answers.found.float().mean()),
    }
