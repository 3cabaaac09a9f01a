"""`metricpose evaluate --protocol`: a benchmark's protocol on any method's predictions, one method or two."""

import importlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from metricpose._errors import FileError, InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int
from metricpose.cli.output import note, write_json, write_line

if TYPE_CHECKING:
    from metricpose.evaluation.against import Comparison
    from metricpose.evaluation.protocols.result import ProtocolResult
    from metricpose.people import PeopleFrame

# Said here and not asked for, so that the help needs no numpy; a test holds the names to those of the protocols.
NAMES = ("human36m", "mpi_inf_3dhp", "mupots", "panoptic", "threedpw", "coco", "lsp", "lspet", "mpii", "strict")
_ONLY_HERE = ("truth_at", "against", "report", "unit", "skeleton", "images", "dataset", "split")
_ONLY_HERE += ("allow_missing", "missing_joints", "sequences", "cameras", "every", "option")


def add_protocol_arguments(parser: ArgumentParser) -> None:
    """Declare the options that go with --protocol."""
    group = parser.add_argument_group("the protocol of a benchmark, on any method's predictions")
    group.add_argument("--protocol", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    group.add_argument(
        "--truth", dest="truth_at", type=Path, metavar="DIR", help="the benchmark's folder, or a people3d file"
    )
    group.add_argument("--against", metavar="OTHER", help="predictions of a second method, compared person by person")
    group.add_argument("--report", type=Path, metavar="FILE", help="write a page of HTML (needs the report extra)")
    group.add_argument("--unit", choices=("m", "cm", "mm"), help="of predictions whose file does not say it")
    group.add_argument("--skeleton", metavar="NAME", help="of predictions whose file does not say it")
    group.add_argument(
        "--images", type=Path, metavar="FILE", help="COCO data set with the names of pictures that predictions number"
    )
    group.add_argument(
        "--allow-missing", action="store_true", help="people of pictures without a prediction count as missed"
    )
    group.add_argument(
        "--missing-joints",
        choices=("refuse", "fail"),
        help="joints that some predicted people lack: refuse them (default), or count them as failures",
    )
    group.add_argument("--dataset", metavar="NAME", help="whose folder --truth is, if the protocol does not tell it")
    group.add_argument("--split", metavar="NAME", help="of the benchmark, such as val2017 or test")
    group.add_argument("--sequences", type=_names_of, metavar="A,B", help="only these of the benchmark")
    group.add_argument("--cameras", type=_names_of, metavar="A,B", help="only these of the benchmark")
    group.add_argument("--every", type=positive_int, metavar="N", help="each N-th picture of a sequence")
    group.add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE", help="of the protocol; may come several times"
    )


def _names_of(text: str) -> tuple[str, ...]:
    """Names with commas between them; not several words, which would take in the name of the predictions."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def check_no_protocol_arguments(args: Namespace) -> None:
    """InputError where an option is given that means nothing without --protocol."""
    given = next((name for name in _ONLY_HERE if getattr(args, name)), None)
    if given is not None:
        flag = {"truth_at": "--truth"}.get(given, f"--{given.replace('_', '-')}")
        raise InputError(f"evaluate: expected --protocol NAME beside {flag}, got none; choose of {', '.join(NAMES)}")


def run_protocol(args: Namespace) -> int:
    """Read the truth and the predictions, judge, and write the result; with a second method, compare."""
    _check(args)
    from metricpose.cli.benchmarks import true_frames

    judge = _Judge.named(args)
    if args.report is not None:
        _check_report(args.report)
    truth = true_frames(args.protocol, args.truth_at, _part(args))
    _check_anyone(truth, f"the truth {args.truth_at}", "is it the right one?")
    methods = _names(args.predicted, args.against)
    predicted = {name: _predictions(path, truth, args) for name, path in methods.items()}
    results = {name: judge(truth, frames, methods[name], args.truth_at) for name, frames in predicted.items()}
    comparison = _compared(results, args.seed) if len(results) == 2 else None
    if args.json:
        write_json(_document(results, comparison))
    else:
        write_line(_text(results, comparison))
    if args.report is not None:
        from metricpose.viz.report_page import write_report_page

        first = next(iter(predicted.values()))
        write_report_page(args.report, results, truth=truth, predicted=first, comparison=comparison)
        note(f"written to {args.report}: open it in a browser")
    return 0


def _check_anyone(frames: "list[PeopleFrame]", where: str, advice: str) -> None:
    """InputError where there are pictures and nobody in any of them: rather a mistake than a thing to judge."""
    if frames and not any(len(frame) for frame in frames):
        raise InputError(f"evaluate: expected people in {where}, got none in {len(frames)} pictures; {advice}")


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """A protocol's module and its options."""

    module: Any
    options: Any

    @classmethod
    def named(cls, args: Namespace) -> "_Judge":
        """The protocol of --protocol with the options of the call."""
        from metricpose.evaluation.protocols.names import PROTOCOLS

        protocol = args.protocol
        if protocol not in PROTOCOLS:
            raise InputError(f"evaluate: expected --protocol of {', '.join(PROTOCOLS)}, got {protocol!r}; choose one")
        module = importlib.import_module(PROTOCOLS[protocol][0])
        options = module.Options(allow_missing=args.allow_missing, missing_joints=args.missing_joints or "refuse")
        for setting in args.option:
            options = _with_setting(protocol, options, setting)
        return cls(module=module, options=options)

    def __call__(
        self, truth: "list[PeopleFrame]", predicted: "list[PeopleFrame]", path: str, where: Path
    ) -> "ProtocolResult":
        result = self.module.judge(truth, predicted, self.options)
        return replace(result, provenance={"predictions": path, "truth": str(where), **result.provenance})


def _check(args: Namespace) -> None:
    if args.predicted is None:
        raise InputError("evaluate: expected PREDICTIONS to judge beside --protocol, got none; name a file or folder")
    if args.truth is not None:
        raise InputError(
            f"evaluate: expected one file or folder of predictions beside --protocol, got a second, {args.truth!r}; "
            "name the truth with --truth and a second method with --against"
        )
    if args.truth_at is None:
        raise InputError("evaluate: expected --truth DIR beside --protocol, got none; name the benchmark's folder")
    if args.suite:
        raise InputError("evaluate: expected either --protocol or --suite, got both; leave one out")


def _check_report(path: Path) -> None:
    """Before long work: that the page can be made and written."""
    from metricpose.viz.report_page import check_report_extra

    check_report_extra()
    if not path.parent.is_dir() or path.is_dir():
        raise FileError(f"{path}: cannot write this file (no such folder, or a folder itself); choose another place")


def _part(args: Namespace) -> Any:
    from metricpose.cli.benchmarks import Part

    return Part(
        dataset=args.dataset,
        split=args.split,
        sequences=args.sequences,
        cameras=args.cameras,
        every=args.every,
    )


def _names(path: str, other: str | None) -> dict[str, str]:
    """Methods by name, which is the file's own, or its path where two are called alike."""
    paths = [path] if other is None else [path, other]
    names = [Path(p).name for p in paths]
    if other is not None and Path(path).resolve() == Path(other).resolve():
        raise InputError(f"evaluate: expected two methods, got {path!r} against itself; name another file")
    if len(set(names)) < len(names):
        names = paths
    return dict(zip(names, paths, strict=True))


def _predictions(path: str, truth: "list[PeopleFrame]", args: Namespace) -> "list[PeopleFrame]":
    """A part of a benchmark is judged by the part of the predictions that belongs to it."""
    from metricpose.datasets.predictions import read_predictions
    from metricpose.skeletons import skeleton_named

    frames = read_predictions(
        path,
        truth,
        unit=args.unit,
        skeleton=None if args.skeleton is None else skeleton_named(args.skeleton),
        images=args.images,
        unknown="ignore" if _part(args).chosen else "refuse",
        missing="ignore" if args.allow_missing else "refuse",
    )
    if not args.allow_missing:
        _check_anyone(frames, f"the predictions {path}", "check the file, or count all as missed with --allow-missing")
    return frames


def _with_setting(protocol: str, options: Any, setting: str) -> Any:
    """`options` with one field changed, of the type that its default has."""
    key, equals, text = setting.partition("=")
    known = {field.name: getattr(options, field.name) for field in fields(options)}
    if not equals or key not in known:
        raise InputError(
            f"evaluate: expected --option KEY=VALUE with a key of {protocol}: {', '.join(known)}, got {setting!r}"
        )
    choices = get_args(get_type_hints(type(options))[key])
    if choices and text not in choices:
        raise InputError(f"evaluate: expected --option {key}= of {', '.join(choices)}, got {text!r}; choose one")
    return replace(options, **{key: _value(key, text, known[key])})


def _value(key: str, text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise InputError(f"evaluate: expected --option {key}=true or {key}=false, got {text!r}")
        return text.lower() == "true"
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError as error:
            raise InputError(f"evaluate: expected a number in --option {key}=, got {text!r}") from error
    return text


def _compared(results: "dict[str, ProtocolResult]", seed: int) -> "Comparison":
    from metricpose.evaluation.against import against

    (name, mine), (other, its) = results.items()
    return against(mine, its, names=(name, other), seed=seed)


def _text(results: "dict[str, ProtocolResult]", comparison: "Comparison | None") -> str:
    from metricpose.evaluation.protocols.text import to_text

    if comparison is None:
        return to_text(next(iter(results.values())))
    parts = [f"{letter}: {name}\n\n{to_text(result)}" for letter, (name, result) in zip("AB", results.items())]
    return "\n\n".join([*parts, comparison.to_text()])


def _document(results: "dict[str, ProtocolResult]", comparison: "Comparison | None") -> dict[str, Any]:
    from metricpose.evaluation.protocols.text import to_json

    first, *others = (to_json(result) for result in results.values())
    if comparison is None:
        return first
    return {"a": first, "b": others[0], "against": comparison.to_json()}
