"""The bars of the virtual suite over several seeds, from what `metricpose evaluate --suite --json` wrote.

for s in 2026 2027 2028; do
    metricpose evaluate --suite --mocap-cache runs/mocap_cache.npz --seed $s --json > runs/suite_$s.json
done
python recipes/suite_over_seeds.py runs/suite_*.json
"""

import json
import statistics
import sys
from pathlib import Path


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main(paths: list[str]) -> None:
    runs = [json.loads(Path(path).read_text()) for path in paths]
    print(
        f"{len(runs)} seeds, {[run['pictures'] for run in runs]} pictures, {[run['people'] for run in runs]} people\n"
    )
    print(_row(["bar", "limit", "mean of seeds", "lowest", "highest", "holds"]))
    print("|" + "---|" * 6)
    for number, bar in enumerate(runs[0]["bars"]):
        figures = [run["bars"][number]["figure"] for run in runs]
        holds = ["yes" if run["bars"][number]["holds"] else "no" for run in runs]
        verdict = holds[0] if len(set(holds)) == 1 else "of some seeds"
        cells = [f"{value:.3g}" for value in (statistics.mean(figures), min(figures), max(figures))]
        print(_row([bar["bar"], bar["limit"], *cells, verdict]))
    print()
    print(_row(["mean depth error / depth, %", "mean of seeds", "lowest", "highest"]))
    print("|" + "---|" * 4)
    for name in runs[0]["depth_error_percent"]:
        values = [run["depth_error_percent"][name] for run in runs]
        print(_row([name, *(f"{value:.2f}" for value in (statistics.mean(values), min(values), max(values)))]))


if __name__ == "__main__":
    main(sys.argv[1:])
