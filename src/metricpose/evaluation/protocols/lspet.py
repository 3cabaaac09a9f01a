"""LSPET (Johnson and Everingham, CVPR 2011) as a test of real photos: LSP's measures, upright people apart.

Half of these photos show people who are upside down or tumble. A person is upright whose labelled torso, from the
middle of the hips to that of the shoulders, is within 30 degrees of the vertical of the picture.
"""

from collections.abc import Sequence

import numpy as np

from metricpose.evaluation.protocols import lsp
from metricpose.evaluation.protocols.lsp import Options
from metricpose.evaluation.protocols.result import ProtocolResult
from metricpose.people.frame import PeopleFrame

__all__ = ["NAME", "UPRIGHT_DEG", "Options", "judge", "upright"]

NAME = "lspet"
UPRIGHT_DEG = 30.0
_HIPS, _SHOULDERS = (2, 3), (8, 9)  # of LSP-14


def upright(joints_px: np.ndarray) -> np.ndarray:
    """(N,) bool of joints (N, 14, 2) px: the torso goes up; False where a hip or a shoulder is not labelled."""
    x, y = (joints_px[:, _SHOULDERS].mean(axis=1) - joints_px[:, _HIPS].mean(axis=1)).T
    return np.degrees(np.arctan2(np.abs(x), -y)) <= UPRIGHT_DEG


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """LSP's tables with a row for upright people and one for the others. Raises as `lsp.judge`."""
    rows = {frame.name: _row(frame) for frame in truth}
    return lsp.judge(
        [frame.replaced(sequence=rows[frame.name]) for frame in truth],
        [frame.replaced(sequence=rows.get(frame.name, frame.sequence)) for frame in predicted],
        options,
    )


def _row(frame: PeopleFrame) -> str:
    if frame.joints_px is None or not len(frame.joints_px) or frame.joints_px.shape[1] != 14:
        return "other"
    return "upright" if bool(upright(np.asarray(frame.joints_px))[0]) else "other"
