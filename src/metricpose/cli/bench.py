"""Measure speed and memory on this machine."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int
from metricpose.cli.output import table, write_json, write_line

# name: (module that has `rows(people, repeats)`, people per call when none are asked for, what it measures)
BENCHES: Mapping[str, tuple[str, tuple[int, ...], str]] = {
    "estimate": ("bench_estimate", (3,), "a 720p JPEG with three people to JSON in memory, and the parts of the way"),
    "lift": ("bench_lift", (1, 10, 100), "one picture at a time, then the same people in one batch of pictures"),
    "generate": ("bench_generate", (2000,), "virtual people made, posed, seen and disturbed (needs the train extra)"),
    "convert": ("bench_convert", (10_000, 100_000), "joints of many people from one skeleton to another"),
    "voxel": ("bench_voxel", (1, 3, 10), "VirtualPose's second stage, plain and fast in turns (needs the train extra)"),
    "evaluate": ("bench_evaluate", (100_000,), "every 3D metric on made people, then all of them in a row"),
}

_WITH_WEIGHTS = ("estimate", "voxel")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    what = "; ".join(f"{name}: {about}" for name, (_, _, about) in BENCHES.items())
    parser.add_argument("bench", choices=BENCHES, help=what)
    parser.add_argument("--people", type=positive_int, nargs="+", metavar="N", help="people per call")
    parser.add_argument("--repeats", type=positive_int, default=200, metavar="N", help="calls to time (default 200)")
    parser.add_argument("--weights", metavar="NAME|FILE", help="of our detector, for estimate; a file for voxel")
    parser.add_argument("--json", action="store_true", help="write JSON instead of a table")


def run(args: Namespace) -> int:
    """Run one bench and write its rows."""
    from metricpose.cli.timing import machine

    rows = list(_rows(args))
    if args.json:
        write_json({"bench": args.bench, "machine": machine(), "rows": rows})
    else:
        write_line("\n".join(f"{name}: {value}" for name, value in machine().items()) + "\n")
        write_line(table(tuple(rows[0]), [[str(value) for value in row.values()] for row in rows]))
    return 0


def _rows(args: Namespace) -> Iterator[dict[str, object]]:
    module, people, _ = BENCHES[args.bench]
    bench = importlib.import_module(f"metricpose.cli.{module}")
    if args.weights is not None and args.bench not in _WITH_WEIGHTS:
        raise InputError(f"bench {args.bench}: expected no --weights, which are of {' and '.join(_WITH_WEIGHTS)}")
    options = {} if args.weights is None else {"weights": args.weights}
    return (asdict(row) for row in bench.rows(tuple(args.people or people), args.repeats, **options))
