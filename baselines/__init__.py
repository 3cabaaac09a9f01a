"""Plain estimators of where people stand, behind one interface, to judge ours against. Not in the wheel."""

from collections.abc import Mapping

from baselines.ankle_ray import AnkleRay
from baselines.box_size import BoxSize
from baselines.limb_length import LimbLength
from baselines.mediapipe_pnp import MediapipePnp
from baselines.oracle import StatureBlindOracle
from baselines.protocol import Baseline, RootBaseline, Roots, as_people3d
from baselines.simple_mlp import SimpleMlp

__all__ = [
    "AnkleRay", "Baseline", "BoxSize", "LimbLength", "MediapipePnp", "RootBaseline", "Roots", "SimpleMlp",
    "StatureBlindOracle", "as_people3d", "formulas",
]  # fmt: skip


def formulas() -> Mapping[str, Baseline]:
    """Those that need neither weights nor truth, by the names that tables give them."""
    return {
        "box-size formula": BoxSize(),
        "limb-length formula": LimbLength(),
        "lower ankle's ray, with extrinsics": AnkleRay(),
    }
