"""TRC files out (OpenSim, Pose2Sim): `io.trc` describes the format."""

from pathlib import Path

import numpy as np

from metricpose.io.atomic import write_text
from metricpose.io.trc import PointTracks


def write_trc(path: str | Path, tracks: PointTracks) -> None:
    """Write points in metres and their own axes, atomically; a point that was not seen leaves its cells empty."""
    count, points = len(tracks.positions_m), len(tracks.names)
    first = int(tracks.frames[0]) if count else 1
    rate = f"{tracks.fps:.10g}"
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{Path(path).name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{count}\t{points}\tm\t{rate}\t{first}\t{count}",
        "Frame#\tTime\t" + "\t\t\t".join(tracks.names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{number}" for number in range(1, points + 1) for axis in "XYZ"),
    ]
    for frame, time_s, positions in zip(tracks.frames, tracks.times_s, tracks.positions_m, strict=True):
        cells = ["" if np.isnan(value) else f"{value:.7g}" for value in positions.ravel().tolist()]
        lines.append("\t".join([str(int(frame)), f"{time_s:.6f}", *cells]))
    write_text(path, "\n".join(lines) + "\n")
