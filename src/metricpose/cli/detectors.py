"""Which detector looks at the pictures: the arguments that name one, and what is told of it."""

from typing import TYPE_CHECKING, Any

from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int
from metricpose.cli.output import note

if TYPE_CHECKING:
    from metricpose.inference.detectors import AgrOptions, Detector

_NAMES = ("auto", "agr", "rtmlib", "mediapipe", "precomputed")


def add_detector_arguments(parser: ArgumentParser) -> None:
    """Declare --detector, --detections and what belongs to the detector agr."""
    parser.add_argument(
        "--detector", choices=_NAMES, help="default: auto, which is rtmlib where it is installed, else agr (our own)"
    )
    parser.add_argument("--detections", metavar="FILE", help="2D people found before, for the detector precomputed")
    group = parser.add_argument_group("detector agr")
    group.add_argument(
        "--weights", metavar="NAME|FILE", help="base (default), base-research (research only), or a file"
    )
    group.add_argument("--crop-weights", metavar="FILE", help="of the second look; default: those of --weights")
    group.add_argument(
        "--flip",
        action="store_true",
        help="look at each person's mirror image, too: better joints, twice the time of the second look",
    )
    group.add_argument(
        "--turns", action="store_true", help="look at each person in four quarter turns: for people upside down"
    )
    group.add_argument("--look", type=positive_int, metavar="PX", help="longer side of the closest look (default 640)")
    group.add_argument(
        "--min-score", type=float, metavar="S", help="least score of a person, 0 to 1 (default 0.44; lower finds more)"
    )
    group.add_argument("--precision", choices=("int8", "float32"), help="of both looks: int8 (default; fast), float32")
    group.add_argument("--tiles", action="store_true", help="look for people far away in large pictures, in tiles")
    group.add_argument(
        "--refine",
        choices=("own", "mediapipe", "none"),
        help="who looks at each person again: own (default), mediapipe (needs that extra), none (faster)",
    )


def chosen_detector(args: Namespace) -> "Detector":
    """The detector that the arguments ask for; one note says which, where it was not named."""
    from metricpose.inference.detectors import detector_named

    name = args.detector or ("precomputed" if args.detections else "auto")
    detector = detector_named(name, detections=args.detections, agr=_agr_options(args))
    if name == "auto":
        young = (
            "; it is young: rtmlib and mediapipe place joints far better on real photos"
            if detector.name == "agr"
            else ""
        )
        note(f"detector: {_words(detector)}; --detector chooses another{young}")
    return detector


def detector_facts(detector: "Detector") -> dict[str, Any]:
    """What a file of people says of the detector: its name, its weights where there is a choice, their licence."""
    weights = getattr(detector, "weights", None)
    return {"detector": detector.name, **({"weights": weights} if weights else {}), "licence": detector.licence}


def _agr_options(args: Namespace) -> "AgrOptions | None":
    """Those that were given; None if none was."""
    from metricpose.inference.detectors import AgrOptions

    given = {
        "weights": args.weights,
        "crop_weights": args.crop_weights,
        "refine": args.refine,
        "flip": args.flip or None,
        "turns": args.turns or None,
        "look_px": args.look,
        "min_score": args.min_score,
        "tiles": args.tiles or None,
        "precision": args.precision,
    }
    given = {name: value for name, value in given.items() if value is not None}
    return AgrOptions(**given) if given else None


def _words(detector: "Detector") -> str:
    weights = getattr(detector, "weights", None)
    return f"{detector.name} (weights {weights}, {detector.licence})" if weights else detector.name
