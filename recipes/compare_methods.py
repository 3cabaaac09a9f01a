"""Our lifter and all baselines in one table: on the virtual suite, and on the real clip.

    python -m recipes.compare_methods --mocap-cache runs/mocap_cache.npz --seeds 2026 2027 2028 \\
        --mlp runs/simple_baseline/simple_baseline.onnx --clip DIR --mediapipe runs/mediapipe.json

in the repository's folder. The suite's scenes are those of `metricpose evaluate --suite` with the same seeds; DIR is
the single-person demo of Pose2Sim (docs/results/real_clip.md). What is not given is left out, and the row says so:

- --mlp: `metricpose train simple_baseline` makes it (about 10 minutes on two cores);
- --mediapipe: `recipes/mediapipe_landmarks.py` makes it, in an environment with MediaPipe. All methods are then also
  judged on MediaPipe's 2D joints, in the pictures of that file.

--quick takes few scenes and frames: it shows that everything runs, not how good it is.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from baselines.mediapipe_pnp import Landmarks, read_landmarks
from baselines.protocol import Baseline
from baselines.side_by_side import Case, Row, answered, judged, markdown
from baselines.simple_mlp import SimpleMlp
from metricpose._errors import InputError, MetricposeError
from metricpose.cli.extras import needs_extra
from metricpose.geometry import Camera
from metricpose.inference import RayLifter
from metricpose.io import read_cameras
from metricpose.io.atomic import write_text
from metricpose.io.trc import read_trc
from recipes.real_clip import View, in_camera, openpose_views, true_joints_world, true_people

SCHEMA = "metricpose.comparison/1"
QUICK_SCENES, QUICK_EVERY = 2, 25
NOTES = """\
+- is one standard error. Matching is one to one and strict; PCK_abs counts joints within 150 mm, nothing aligned, and
misses as failures. MRPE and MPJPE are of matched people. "-": the method says where people are, not how they stand.
"With extrinsics" is told tilt and height of the camera; the focal length is known to all."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A table: what it was made on, how many pictures, what its standard errors take for independent."""

    title: str
    pictures: int
    independent: str
    rows: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        rows = [row.to_json() for row in self.rows]
        return {
            "title": self.title,
            "pictures": self.pictures,
            "standard_error_over": self.independent,
            "rows": rows,
        }

    def to_markdown(self) -> str:
        head = f"## {self.title}\n\n{self.pictures} pictures; standard errors over {self.independent}."
        return f"{head}\n\n{markdown(self.rows)}"


def suite_cases(seeds: Sequence[int], scenes: int, cache: Path | None) -> list[Case]:
    """The suite of each seed, as `metricpose evaluate --suite` draws it."""
    from metricpose.cli.suite import suite_pictures

    with needs_extra("the virtual suite", "train"):
        from metricpose.virtual.suite import SuiteOptions, suite_scenes
    cases = []
    for seed in seeds:
        batches = list(suite_scenes(SuiteOptions(scenes=scenes, seed=seed, mocap_cache=cache)))
        for picture in suite_pictures(batches):
            name = f"{seed} {picture.name}"
            cases.append(
                Case(
                    name=name,
                    cluster=name,
                    camera=picture.camera,
                    seen=picture.seen,
                    truth=picture.truth,
                    statures=picture.statures,
                )
            )
    return cases


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """The real clip: its cameras by name, and its true joints (T, 17, 3) m in the world."""

    folder: Path
    cameras: Mapping[str, Camera]
    truth_world: np.ndarray

    @classmethod
    def read(cls, folder: Path) -> "Clip":
        """Raises FileError or InputError for a folder that is not this clip."""
        tracks = next(iter(sorted((folder / "pose-3d").glob("*.trc"))), None)
        if tracks is None:
            raise InputError(f"{folder}: expected the single-person demo of Pose2Sim, got no pose-3d/*.trc; check DIR")
        truth_world = true_joints_world(read_trc(tracks))
        return cls(folder=folder, cameras=read_cameras(folder / "Calib_qualisys.toml"), truth_world=truth_world)

    def case(self, view: View, frame: int) -> Case:
        """The largest person of a picture, chosen without the truth."""
        joints_cam = in_camera(self.truth_world[frame], view.camera)
        return Case(
            name=f"{view.name} {frame}",
            cluster=view.name,
            camera=view.camera,
            seen=view.people[frame][[view.largest(frame)]],
            truth=true_people(joints_cam, view.camera),
        )

    def openpose(self, every: int) -> list[Case]:
        """Every n-th frame of all views, with OpenPose's joints."""
        views = openpose_views(self.folder, self.cameras)
        return [
            self.case(view, frame)
            for view in views
            for frame in sorted(view.people)
            if frame < len(self.truth_world) and frame % every == 0
        ]

    def mediapipe(self, found: Mapping[str, Landmarks]) -> list[Case]:
        """The pictures of a file of landmarks, with MediaPipe's joints."""
        return list(self._mediapipe(found))

    def _mediapipe(self, found: Mapping[str, Landmarks]) -> Iterator[Case]:
        for name, entry in found.items():
            view, frame = self._picture(name)
            if not len(entry.people) or frame >= len(self.truth_world):
                continue
            # Two of the videos are some pixels narrower than their calibration says.
            camera = replace(self.cameras[view], image_size=entry.people.image_size)
            seen = View(name=view, detector="mediapipe", camera=camera, people={frame: entry.people})
            yield replace(self.case(seen, frame), world_m=entry.world_m[[seen.largest(frame)]])

    def _picture(self, name: str) -> tuple[str, int]:
        """View and frame of a name such as cam01.mp4#000050."""
        stem, _, frame = name.rpartition("#")
        views = {view.replace("_", ""): view for view in self.cameras}
        view = views.get(Path(stem).stem)
        if view is None or not frame.isdigit():
            raise InputError(
                f"{name}: expected a frame of one of the clip's videos ({', '.join(views)}), such as "
                f"{next(iter(views))}.mp4#000050; make the landmarks from the clip's videos"
            )
        return view, int(frame)


def parts(args: argparse.Namespace) -> Iterator[Part]:
    """The tables that were asked for, one after the other."""
    if not args.scenes and args.clip is None:
        raise InputError("expected something to compare on, got --scenes 0 and no --clip; give one of them")
    lifter = RayLifter.load(args.weights, threads=1)
    mlp: Baseline | str = "no --mlp FILE" if args.mlp is None else SimpleMlp.load(args.mlp, threads=1)
    landmarks = None if args.mediapipe is None else read_landmarks(args.mediapipe)
    clip = None if args.clip is None else Clip.read(args.clip)
    if args.scenes:
        seeds = args.seeds[:1] if args.quick else args.seeds
        cases = suite_cases(seeds, min(args.scenes, QUICK_SCENES) if args.quick else args.scenes, args.mocap_cache)
        rows = judged(cases, answered(cases, lifter, mlp, mediapipe="it looks at pictures, and the suite has none"))
        of = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
        poses = "procedural poses" if args.mocap_cache is None else "held-out clips and procedural poses"
        yield Part(title=f"Virtual suite, {of}, {poses}", pictures=len(cases), independent="pictures", rows=rows)
    if clip is None:
        return
    cases = clip.openpose(QUICK_EVERY if args.quick else 1)
    reason = "no --mediapipe FILE" if landmarks is None else "see the next table: it has joints of its own"
    yield _clip_part("Real clip, OpenPose's 2D joints", cases, answered(cases, lifter, mlp, mediapipe=reason))
    if landmarks is not None:
        cases = clip.mediapipe(landmarks)
        if not cases:
            raise InputError(f"{args.mediapipe}: expected somebody in the frames of the clip, got nobody; check it")
        yield _clip_part("Real clip, MediaPipe's 2D joints", cases, answered(cases, lifter, mlp))


def _clip_part(title: str, cases: Sequence[Case], entries: Sequence[Any]) -> Part:
    views = len({case.cluster for case in cases})
    independent = "the views (one person, one movement: they are hardly independent)"
    title = f"{title}, {views} view{'s' * (views > 1)}"
    return Part(title=title, pictures=len(cases), independent=independent, rows=judged(cases, entries))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=int, default=600, metavar="N", help="per camera family; 0: no suite")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2026], metavar="S", help="of the suite (2026)")
    parser.add_argument("--mocap-cache", type=Path, metavar="FILE", help="held-out clips for the suite")
    parser.add_argument("--clip", type=Path, metavar="DIR", help="the real clip")
    parser.add_argument("--mlp", type=Path, metavar="FILE", help="simple_baseline.onnx")
    parser.add_argument("--mediapipe", type=Path, metavar="FILE", help="MediaPipe's landmarks of the clip's videos")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="another ray_lifter.onnx")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--quick", action="store_true", help="few scenes and frames")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables as Markdown; 2 where an input is not what it must be."""
    args = _parser().parse_args(arguments)
    try:
        made = []
        for part in parts(args):
            made.append(part)
            print(part.to_markdown() + "\n", flush=True)
        print(NOTES)
        if args.json is not None:
            document = {"schema": SCHEMA, "quick": args.quick, "parts": [part.to_json() for part in made]}
            write_text(args.json, json.dumps(document, indent=1, allow_nan=False) + "\n")
    except MetricposeError as error:
        print(f"compare_methods: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
