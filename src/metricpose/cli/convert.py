"""Turn people from one skeleton into another: by name, by learnt mixes, and not where a joint is not determined."""

from pathlib import Path
from typing import TYPE_CHECKING

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, named_path, positive_float
from metricpose.cli.output import note, table, warn, write_json, write_line

if TYPE_CHECKING:
    from metricpose.skeletons import JointConverter

_OUTPUTS = (".json", ".npz", ".trc", ".bvh", ".c3d")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("file", type=named_path, metavar="FILE", help="people or tracks: .json, .npz, .trc, .bvh, .c3d")
    parser.add_argument("--to", required=True, metavar="NAME", help="skeleton to convert to (halpe26, h36m17, ...)")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="file to write (default: FILE.NAME.suffix)")
    parser.add_argument("--from", dest="source", metavar="NAME", help="skeleton of tracks whose names do not tell it")
    parser.add_argument(
        "--allow-guess", action="store_true", help="also give joints that the source does not determine"
    )
    parser.add_argument("--by-names", action="store_true", help="by name and simple rules alone, as benchmarks do")
    parser.add_argument("--keep-sides", action="store_true", help="go on where left and right look swapped")
    parser.add_argument(
        "--unit", choices=("m", "cm", "mm", "inches"), help="of lengths (default: what the file says; BVH: cm)"
    )
    parser.add_argument("--person", type=int, metavar="ID", help="whom to write as tracks, where there are several")
    parser.add_argument("--fps", type=positive_float, default=30.0, help="of people written as tracks (default 30)")
    parser.add_argument("--camera", metavar="FILE", help="before which tracks become people; its place must be known")
    parser.add_argument("--camera-name", metavar="NAME", help="which camera of a file that holds several")
    parser.add_argument("--json", action="store_true", help="write how each joint was made as JSON")


def run(args: Namespace) -> int:
    """Read, check units and sides, convert, write, and say how each joint was made."""
    from metricpose.cli.converting import converted_file

    output = args.output or Path(args.file).with_suffix(f".{args.to}{Path(args.file).suffix.lower()}")
    if output.suffix.lower() not in _OUTPUTS:
        raise InputError(f"{output}: expected a name that ends in {', '.join(_OUTPUTS)}, got {output.suffix or 'none'}")
    convert, left_out, notes = converted_file(args, output)
    for text in notes:
        note(f"metricpose: {text}")
    if left_out:
        warn(f"{args.file}: points that are no joints of {convert.source.name} were left out: {', '.join(left_out)}")
    _say(convert, output, as_json=args.json)
    return 0


def _say(convert: "JointConverter", output: Path, *, as_json: bool) -> None:
    rows = [_row(convert, joint) for joint in range(len(convert.target))]
    if as_json:
        names = {"from": convert.source.name, "to": convert.target.name}
        write_json({"output": str(output), **names, "joints": rows})
        return
    cells = [[row["joint"], row["how"], "" if row["error_mm"] is None else f"{row['error_mm']:.0f}"] for row in rows]
    write_line(table(("joint", "how", "error mm"), cells, align="<<>"))
    refused = sum(row["how"] == "not determined" for row in rows)
    note(f"{convert.source.name} to {convert.target.name}, {refused} joints not determined, written to {output}")


def _row(convert: "JointConverter", joint: int) -> dict[str, object]:
    error = float(convert.error_mm[joint])
    used = int((convert.weights[joint] != 0).sum())
    if not convert.covered[joint]:
        how = "not determined"
    elif convert.guessed[joint]:
        how = f"guessed from {used}"
    elif convert.exact[joint]:
        how = "same point" if used == 1 else "by definition"
    else:
        how = f"mix of {used}"
    return {"joint": convert.target.joints[joint], "how": how, "error_mm": None if error != error else round(error, 1)}
