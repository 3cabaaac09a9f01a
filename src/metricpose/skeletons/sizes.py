"""Is the unit plausible? Told from the length of trunks."""

import numpy as np

from metricpose._errors import InputError
from metricpose.skeletons.skeleton import Skeleton

_TRUNK_M = (0.1, 1.2)  # hips to shoulders, from infants to the tallest, bent or not
_UNITS = {"mm": 0.001, "cm": 0.01, "inches": 0.0254, "km": 1000.0}


def check_metres(joints_m: np.ndarray, skeleton: Skeleton, where: str) -> None:
    """InputError where most people of `joints_m` (N, J, 3) have trunks that no person has; names the likely unit."""
    ends = [[f"{side}_{part}" for side in ("left", "right")] for part in ("hip", "shoulder")]
    if not {name for end in ends for name in end} <= set(skeleton.canonical):
        return
    hips, shoulders = (joints_m[:, [skeleton.canonical.index(n) for n in end]].mean(axis=1) for end in ends)
    lengths = np.linalg.norm(shoulders - hips, axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    length = float(np.median(lengths)) if len(lengths) else 0.5
    if _TRUNK_M[0] <= length <= _TRUNK_M[1]:
        return
    fits = [name for name, metres in _UNITS.items() if _TRUNK_M[0] <= length * metres <= _TRUNK_M[1]]
    advice = f"these look like {fits[0]}: name the unit (--unit {fits[0]})" if fits else "name the unit (--unit)"
    low, high = _TRUNK_M
    raise InputError(
        f"{where}: expected trunks of {low:g} to {high:g} m from hips to shoulders, got {length:.3g}; {advice}"
    )
