"""Say where the MakeHuman assets come from, and look at a folder of them: what is there, what is missing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose.cli.arguments import ArgumentParser, Namespace
from metricpose.cli.output import counted, table, write_json, write_line

if TYPE_CHECKING:
    from metricpose.virtual.render.assets import FoundAssets

_WHERE = """\
Clothes, shoes, hair, brows and lashes of virtual people are MakeHuman's, CC0 1.0 since September 2020. They are not
in this package. The official files lie in the folder `base` of

    https://github.com/makehumancommunity/makehuman-assets    (textures through Git LFS: git lfs install, then clone)

and, the same, in the folder `data` of an installed MakeHuman (www.makehumancommunity.org). Name either of them, or a
copy of its folders clothes, hair, eyes, eyebrows, eyelashes and teeth: metricpose assets DIR"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="the folder to look at")
    parser.add_argument("--json", action="store_true", help="write JSON instead of text")


def run(args: Namespace) -> int:
    """Exit code 0 when every asset in the folder can be used, 1 when some cannot, 2 without a folder of assets."""
    if args.folder is None:
        if args.json:
            write_json({"where": _WHERE})
        else:
            write_line(_WHERE)
        return 0
    from metricpose.virtual.render.assets import scanned

    report = examined(scanned(args.folder))
    if args.json:
        write_json(report)
    else:
        write_line(_text(report))
    return 1 if report["skipped"] else 0


def examined(found: "FoundAssets") -> dict[str, Any]:
    """Everything the verb reports, as JSON holds it."""
    from metricpose.virtual.render.assets import is_known, known_sha256, name_in

    entries = []
    for asset in found.assets:
        changed = [name_in(path, found.folder) for path in asset.files if not is_known(path, found.folder)]
        entries.append({
            "name": asset.name, "kind": asset.kind, "licence": asset.licence, "files": len(asset.files),
            "sha256": asset.sha256, "unknown_files": changed, "textured": asset.name not in found.untextured,
        })  # fmt: skip
    return {
        "folder": str(found.folder),
        "assets": entries,
        "skipped": list(found.skipped),
        "absent": [name for name in known_sha256() if not (found.folder / name).is_file()],
    }


def _text(report: dict[str, Any]) -> str:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for entry in report["assets"]:
        kinds.setdefault(entry["kind"], []).append(entry)
    rows = [
        (
            kind,
            str(len(entries)),
            str(sum(not entry["unknown_files"] for entry in entries)),
            ", ".join(entry["name"] for entry in entries if not entry["textured"]) or "-",
        )
        for kind, entries in sorted(kinds.items())
    ]
    lines = [table(("kind", "usable", "as known (sha256)", "texture absent: made"), rows, align="<>><")]
    changed = sorted({name for entry in report["assets"] for name in entry["unknown_files"]})
    if changed:
        lines.append(
            f"{_files(len(changed))} of another sha256 than we know (another version or size): {_some(changed)}"
        )
    if report["absent"]:
        lines.append(f"{_files(len(report['absent']))} absent of those we know: {_some(report['absent'])}")
    lines += [f"left out: {line}" for line in report["skipped"]]
    return "\n".join(lines)


def _files(number: int) -> str:
    return counted(number, "file is", "files are")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
