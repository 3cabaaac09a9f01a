"""Plain estimators of where people stand, behind one interface, to judge ours against. Not in the wheel."""

from baselines.ankle_ray import AnkleRay
from baselines.box_size import BoxSize
from baselines.limb_length import LimbLength
from baselines.oracle import StatureBlindOracle
from baselines.protocol import Baseline, Roots, as_people3d

__all__ = ["AnkleRay", "Baseline", "BoxSize", "LimbLength", "Roots", "StatureBlindOracle", "as_people3d"]
