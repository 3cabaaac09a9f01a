"""Judge people in metres against the truth, one to one: errors, misses, ghosts, coverage of the intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metricpose.cli.arguments import ArgumentParser, Namespace
from metricpose.cli.output import write_json, write_line

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople3D


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("predicted", metavar="PREDICTED", help="people in metres to judge: .json or .npz")
    parser.add_argument("truth", metavar="TRUTH", help="true people in metres, of the same pictures: .json or .npz")
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def run(args: Namespace) -> int:
    """Read both files, judge, and write the report."""
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


def _of_pictures(truth: Sequence["ImagePeople3D"], key: str) -> dict[str, Any]:
    """What the truth says beyond the schema: `tags`, a list of words for each person, and `family`, a word."""
    return {record.image: record.extra[key] for record in truth if key in record.extra}
