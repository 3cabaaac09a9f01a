"""The mocap folder as a sequence of clips on the canonical rig.

Layout: `cmu_bvh/SUBJECT_TAKE.bvh`, `cmu_asfamc/SUBJECT/{SUBJECT.asf, SUBJECT_TAKE.amc}`, `cmu_expmap.npz`; any part may
be absent. All of it is 30 fps and comes from the CMU Graphics Lab Motion Capture Database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metricpose._errors import FileError
from metricpose.io.asf_amc import read_asf_amc
from metricpose.io.bvh import read_bvh
from metricpose.io.expmap import read_expmap
from metricpose.io.mocap_clip import MocapClip
from metricpose.virtual.mocap.retarget import retargeted

FPS = 30.0

_ASF_KINDS = {"01": "climbing", "03": "uneven_ground"}


@dataclass(frozen=True, kw_only=True, eq=False)
class RigClip:
    """A clip on the canonical rig: `rotations` (T, 21, 3, 3) global, z up; `frames` (T,) their numbers in the file."""

    name: str
    kind: str
    source: str
    rotations: np.ndarray
    frames: np.ndarray

    def __len__(self) -> int:
        return len(self.rotations)

    def at(self, kept: np.ndarray) -> "RigClip":
        """The clip with these frames only (a mask or indices)."""
        return RigClip(
            name=self.name,
            kind=self.kind,
            source=self.source,
            rotations=self.rotations[kept],
            frames=self.frames[kept],
        )


def rig_clips(root: str | Path) -> Iterator[RigClip]:
    """Every clip below `root`, in a fixed order. Raises FileError where there is none."""
    root = Path(root)
    found = False
    for path in sorted(root.glob("cmu_bvh/*.bvh")):
        found = True
        yield _rig_clip(read_bvh(path), path.stem, "walking", "bvh")
    for path in sorted(root.glob("cmu_asfamc/*/*.amc")):
        found, subject = True, path.parent.name
        clip = read_asf_amc(path.with_name(f"{subject}.asf"), path, fps=FPS)
        yield _rig_clip(clip, path.stem, _ASF_KINDS.get(subject, subject), "asf")
    if (root / "cmu_expmap.npz").exists():
        found = True
        for clip in read_expmap(root / "cmu_expmap.npz", fps=FPS):
            yield _rig_clip(clip, clip.name, clip.name.split("/")[0].removesuffix("_extra"), "expmap")
    if not found:
        raise FileError(f"{root}: expected mocap (cmu_bvh/, cmu_asfamc/ or cmu_expmap.npz) here, found none")


def _rig_clip(clip: MocapClip, name: str, kind: str, source: str) -> RigClip:
    return RigClip(name=name, kind=kind, source=source, rotations=retargeted(clip), frames=np.arange(len(clip)))
