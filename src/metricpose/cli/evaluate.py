"""Judge people in metres against the truth, one to one: errors, misses, ghosts, coverage of the intervals.

With --protocol NAME --truth DIR PREDICTIONS, judge any method as a benchmark does, and strictly beside it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int
from metricpose.cli.evaluate_protocol import add_protocol_arguments, check_no_protocol_arguments, run_protocol
from metricpose.cli.extras import needs_extra
from metricpose.cli.output import write_json, write_line

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople3D


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "predicted",
        nargs="?",
        metavar="PREDICTED",
        help="people in metres to judge: .json or .npz; with --protocol any method's",
    )
    parser.add_argument(
        "truth", nargs="?", metavar="TRUTH", help="true people in metres, of the same pictures: .json or .npz"
    )
    add_protocol_arguments(parser)
    suite = parser.add_argument_group("the virtual suite instead of files (needs the train extra)")
    suite.add_argument(
        "--suite", action="store_true", help="judge the lifter and the baselines on held-out virtual scenes"
    )
    suite.add_argument("--scenes", type=positive_int, default=600, metavar="N", help="per camera family (default 600)")
    suite.add_argument("--seed", type=int, default=2026, help="of the scenes, and of --against (default 2026)")
    suite.add_argument(
        "--mocap-cache", type=Path, metavar="FILE", help="held-out clips; without it, procedural poses alone"
    )
    suite.add_argument(
        "--weights", type=Path, metavar="FILE", help="another ray_lifter.onnx (default: the shipped one)"
    )
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def run(args: Namespace) -> int:
    """Read both files, judge, and write the report; or judge by a protocol; or make the suite and judge on it."""
    if args.protocol is not None:
        return run_protocol(args)
    check_no_protocol_arguments(args)
    if args.suite:
        return _run_suite(args)
    if args.predicted is None or args.truth is None:
        raise InputError(
            "evaluate: expected PREDICTED and TRUTH, --protocol or --suite; see metricpose evaluate --help"
        )
    from metricpose.evaluation import evaluate
    from metricpose.io import read_people3d

    predicted, truth = read_people3d(args.predicted), read_people3d(args.truth)
    report = evaluate(
        [(record.image, record.people) for record in predicted],
        [(record.image, record.people) for record in truth],
        tags=_of_pictures(truth, "tags"),
        families=_of_pictures(truth, "family"),
        provenance={"predicted": args.predicted, "truth": args.truth},
    )
    if args.json:
        write_json(report.to_json())
    else:
        write_line(report.to_text())
    return 0


def _run_suite(args: Namespace) -> int:
    if args.predicted is not None:
        raise InputError("evaluate: expected either files or --suite, got both; leave one out")
    from metricpose.cli.suite import judged_suite, suite_pictures
    from metricpose.inference import RayLifter

    lifter = RayLifter.load(args.weights)  # before the long work
    with needs_extra("the virtual suite", "train"):
        from metricpose.virtual.suite import SuiteOptions, suite_scenes

        batches = list(suite_scenes(SuiteOptions(scenes=args.scenes, seed=args.seed, mocap_cache=args.mocap_cache)))
    result = judged_suite(lifter, suite_pictures(batches))
    if args.json:
        write_json(result.to_json())
    else:
        write_line(result.to_text())
    return 0


def _of_pictures(truth: Sequence["ImagePeople3D"], key: str) -> dict[str, Any]:
    """What the truth says beyond the schema: `tags`, a list of words for each person, and `family`, a word."""
    return {record.image: record.extra[key] for record in truth if key in record.extra}
