"""C3D files out (c3d.org), through ezc3d (extra `datasets`): labelled points, in millimetres as usual."""

import tempfile
from pathlib import Path

import numpy as np

from metricpose._errors import MissingExtraError
from metricpose.io.atomic import write_bytes
from metricpose.io.trc import PointTracks


def write_c3d(path: str | Path, tracks: PointTracks) -> None:
    """Write points in their own axes, atomically; a point that was not seen is marked as not measured.

    Raises MissingExtraError (no ezc3d) and FileError (a place that cannot be written).
    """
    try:
        import ezc3d
    except ImportError as error:
        raise MissingExtraError("writing C3D", "datasets") from error
    document = ezc3d.c3d()
    document.add_parameter("POINT", "UNITS", ["mm"])
    document.add_parameter("POINT", "RATE", [float(tracks.fps)])
    document.add_parameter("POINT", "LABELS", list(tracks.names))
    points = np.ones((4, len(tracks.names), len(tracks.positions_m)))
    points[:3] = 1000.0 * np.moveaxis(tracks.positions_m, -1, 0).swapaxes(1, 2)
    document["data"]["points"] = points
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.c3d"
        document.write(str(made))
        write_bytes(path, made.read_bytes())
