"""VirtualPose's generalisation study on virtual people: methods trained in some situations and tested in others.

Each table is one command: cameras (figure 3a, table 5), modules (table 4, reads what cameras has left), poses (figure
3b), backgrounds (table 1). Killed and called again, it goes on where it was.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int
from metricpose.cli.extras import needs_extra
from metricpose.cli.folders import made_folder
from metricpose.cli.output import note, write_json, write_line

if TYPE_CHECKING:
    from metricpose.study.run import StudyOptions

STUDIES = ("cameras", "poses", "backgrounds", "modules")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("study", choices=STUDIES, help="which table")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="where to write (default runs/study, or runs/study_quick)"
    )
    parser.add_argument("--mocap-cache", type=Path, metavar="FILE", help="poses of mocap; else of the shipped prior")
    parser.add_argument(
        "--methods", metavar="A,B,...", help="some of the study's methods (default all): tbs, tif, bdr, de, ray, ..."
    )
    parser.add_argument("--seeds", type=int, metavar="N", help="trainings of each kind (default 3, 1 with --quick)")
    parser.add_argument("--workers", type=positive_int, default=1, metavar="N", help="processes of one thread each")
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR",
        help="for backgrounds: rendered people in folders train and test; default: made in -o, if not there yet",
    )  # fmt: skip
    parser.add_argument("--assets", type=Path, metavar="DIR", help="for backgrounds: clothes, as of `generate people`")
    parser.add_argument("--panoramas", type=Path, metavar="DIR", help="for backgrounds: panoramas (.hdr)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    parser.add_argument("--quick", action="store_true", help="a few minutes: to see that it works; figures mean little")
    parser.add_argument("--json", action="store_true", help="write figures and verdicts as JSON instead of the page")


def run(args: Namespace) -> int:
    """Train what is missing, and write the page, the plot and the cells."""
    with needs_extra("the generalisation study", "train"):
        from metricpose.study.report import study_report
        from metricpose.study.run import run_study, study_of

        options = _options(args)
    if options.study == "backgrounds":
        _rendered(args, options)
    study_of(options)  # its refusals come before a folder is made
    folder = made_folder(options.folder)
    report = study_report(options, run_study(options, note))
    from metricpose.io.atomic import write_bytes, write_text

    page = folder / f"study_{options.study}.md"
    write_bytes(page.with_suffix(".png"), report.plot)
    write_text(page, report.text + "\n")
    if args.json:
        write_json(report.document)
    else:
        write_line(report.text)
    note(f"written to {page}")
    return 0


def _options(args: Namespace) -> "StudyOptions":
    from metricpose.models.ray_lifter_engine import device_named
    from metricpose.study.run import StudyOptions
    from metricpose.study.studies import QUICK, Sizes

    if args.study != "backgrounds" and (args.pictures or args.assets or args.panoramas):
        raise InputError(
            f"study {args.study}: expected no --pictures, --assets or --panoramas: only backgrounds has any"
        )
    default = Path("runs") / ("study_quick" if args.quick else "study")
    return StudyOptions(
        study=args.study,
        folder=args.output or default,
        mocap_cache=args.mocap_cache,
        pictures=(args.pictures or (args.output or default) / "pictures") if args.study == "backgrounds" else None,
        methods=tuple(filter(None, (args.methods or "").split(","))),
        seeds=(1 if args.quick else 3) if args.seeds is None else args.seeds,
        sizes=QUICK if args.quick else Sizes(),
        device=str(device_named(args.device)),
        workers=args.workers,
    )


def _rendered(args: Namespace, options: "StudyOptions") -> None:
    """Renders the people of `backgrounds` that are not there yet; without --pictures of the user's own."""
    from metricpose.study.picture_sets import PictureSetOptions, made_sets

    if args.pictures is not None:
        return
    assert options.pictures is not None
    counts = {"train": 40, "test": 20} if args.quick else {}
    wanted = PictureSetOptions(
        folder=made_folder(options.pictures), assets=args.assets, panoramas=args.panoramas,
        mocap_cache=args.mocap_cache, workers=args.workers, **counts,
    )  # fmt: skip
    with needs_extra("rendering the people of the study of backgrounds", "render"):
        for news in made_sets(wanted):
            note(news)
