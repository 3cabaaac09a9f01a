"""Train a model from a recipe; killed and called again, it goes on where it was.

On several GPUs or processes: torchrun --nproc_per_node 2 -m metricpose train RECIPE.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from metricpose.cli.arguments import ArgumentParser, Namespace, positive_float, positive_int
from metricpose.cli.extras import needs_extra
from metricpose.cli.folders import made_folder
from metricpose.cli.output import note, write_json, write_line

_LOG = "log.jsonl"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("recipe", metavar="RECIPE", help="name of a file in ./recipes, or a path to one")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change an option of the recipe"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="where to write (default: runs/RECIPE)")
    parser.add_argument("--minutes", type=positive_float, help="stop after so long; the next call goes on")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    parser.add_argument(
        "--workers", type=positive_int, metavar="N", help="processes that make batches beside a GPU, where a recipe can"
    )
    parser.add_argument("--save-every", type=positive_int, default=500, metavar="STEPS", help="default 500")
    parser.add_argument("--report-every", type=positive_int, default=100, metavar="STEPS", help="default 100")
    parser.add_argument("--validate-every", type=positive_int, default=2000, metavar="STEPS", help="default 2000")
    parser.add_argument("--json", action="store_true", help="write how the run ended as JSON")


def run(args: Namespace) -> int:
    """Train, report on stderr and in log.jsonl, and say how it ended."""
    from metricpose.cli.recipes import filled_options, recipe_function, recipe_path

    path = recipe_path(args.recipe)
    folder = made_folder(args.output or Path("runs") / path.stem)
    with needs_extra("training", "train"):
        from metricpose.training.distributed import joined_team
        from metricpose.training.loop import RunOptions, trained

        function, options_type = recipe_function(path)
    options = filled_options(options_type, args.set)
    limits = RunOptions(
        folder=folder,
        minutes=args.minutes,
        workers=args.workers or 0,
        save_every=args.save_every,
        report_every=args.report_every,
        validate_every=args.validate_every,
    )
    with joined_team(args.device) as team:
        result = trained(function(options, team.device), limits, team, _reporter(folder / _LOG))
    if team.leads:
        _say(args, folder, result.step, result.done, result.best_score)
    return 0


def _reporter(log: Path) -> Callable[[int, Mapping[str, float]], None]:
    """Says figures on stderr and appends them to `log`, one JSON object a line."""

    def report(step: int, figures: Mapping[str, float]) -> None:
        note(f"step {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **figures}) + "\n")

    return report


def _say(args: Namespace, folder: Path, step: int, done: bool, score: float) -> None:
    if args.json:
        best = score if abs(score) != float("inf") else None
        write_json({"output": str(folder), "step": step, "done": done, "best_score": best})
        return
    ended = "finished" if done else "stopped; the same command goes on"
    write_line(f"step {step}, {ended}; best validation score {score:.4g}; in {folder}")
