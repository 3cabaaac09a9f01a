"""What the paper concludes, and whether our figures say the same; computed, never written by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.study.grids import TITLES, Grid


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """claim: the paper's, in one sentence; evidence: our figures."""

    claim: str
    holds: bool
    evidence: str

    @property
    def line(self) -> str:
        """For a list in markdown."""
        return f"- **{'holds' if self.holds else 'does not hold'}**: {self.claim} {self.evidence}"


def camera_verdicts(grids: Mapping[str, Grid], fixed: Sequence[str], random: str) -> list[Verdict]:
    """Figure 3a and table 5, each method by itself."""
    return [
        verdict
        for grid in grids.values()
        for verdict in (_off_camera(grid, fixed), _random_wins(grid, fixed, random), _own_camera(grid, fixed, random))
    ]


def _off_camera(grid: Grid, fixed: Sequence[str]) -> Verdict:
    ratios = [
        grid.of(trained, test).mean() / grid.of(test, test).mean()
        for trained in fixed
        for test in fixed
        if trained != test
    ]
    return Verdict(
        claim=f"{_name(grid)}: trained on one camera and tested on another, the error is several times larger.",
        holds=bool(min(ratios) >= 2.0),
        evidence=f"{min(ratios):.1f} to {max(ratios):.1f} times the error of the camera's own model (several: at least "
        "2 in all six cases).",
    )


def _random_wins(grid: Grid, fixed: Sequence[str], random: str) -> Verdict:
    pairs = [(grid.of(random, test), grid.of(trained, test)) for test in fixed for trained in fixed if trained != test]
    won = sum(int((ours < others).sum()) for ours, others in pairs)
    total = sum(ours.size for ours, _ in pairs)
    worst = min(float(others.min() / ours.max()) for ours, others in pairs)
    return Verdict(
        claim=f"{_name(grid)}: random cameras beat every single-camera model off its own camera.",
        holds=bool(won == total and worst > 1.0),
        evidence=f"{won} of {total} pairs of a test camera, another camera's model and a seed; the best other model of "
        f"any seed has {worst:.2f} times the error of random's worst seed.",
    )


def _own_camera(grid: Grid, fixed: Sequence[str], random: str) -> Verdict:
    ratios = {test: grid.of(test, test).mean() / grid.of(random, test).mean() for test in fixed}
    shown = ", ".join(f"{test} {ratio:.2f}" for test, ratio in ratios.items())
    return Verdict(
        claim=f"{_name(grid)}: a model made for the camera beats random cameras on it.",
        holds=all(bool(ratio < 1.0) for ratio in ratios.values()),
        evidence=f"Its error over random's: {shown}.",
    )


def module_verdicts(grids: Mapping[str, Grid], columns: Sequence[tuple[str, str]]) -> list[Verdict]:
    """Table 4 and the depth-gated projection; columns: pairs of a training set and a test."""
    claims = (
        ("de", "ren", "REN improves on DE."),
        ("ren", "pen", "PEN improves on REN."),
        ("pen_ungated", "pen", "The depth-gated projection is better than heatmaps in all voxels (after PEN)."),
        ("ren_ungated", "ren", "The same after REN."),
    )
    return [
        _better(claim, grids[worse], grids[better], columns)
        for worse, better, claim in claims
        if worse in grids and better in grids
    ]


def _better(claim: str, worse: Grid, better: Grid, columns: Sequence[tuple[str, str]]) -> Verdict:
    pairs = [(better.of(*column), worse.of(*column)) for column in columns]
    won = sum(int((one < other).sum()) for one, other in pairs)
    shown = "; ".join(
        f"{trained} on {test} {one.mean():.0f} mm for {other.mean():.0f}"
        for (trained, test), (one, other) in zip(columns, pairs, strict=True)
    )
    total = sum(one.size for one, _ in pairs)
    return Verdict(claim=claim, holds=won == total, evidence=f"{won} of {total} seeds and columns: {shown}.")


def variety_verdicts(grids: Mapping[str, Grid], few: str, many: str, tests: Sequence[str], claim: str) -> list[Verdict]:
    """Figure 3b and table 1: `few` kinds or backgrounds in training against `many`, on tests that `few` has not."""
    made = []
    for grid in grids.values():
        ratios = {test: grid.of(few, test) / grid.of(many, test) for test in tests}
        shown = ", ".join(f"{test} {ratio.mean():.2f}" for test, ratio in ratios.items())
        made.append(
            Verdict(
                claim=f"{_name(grid)}: {claim}",
                holds=all(bool((ratio > 1.0).all()) for ratio in ratios.values()),
                evidence=f"Error trained on {few} over that trained on {many}, mean of the seeds: {shown}.",
            )
        )
    return made


def plain_verdict(bdr: Grid, plain: str, many: str) -> Verdict:
    """Table 1: BDR "probably learns some scene priors", for it is better before a plain background with it alone."""
    alone, both = bdr.of(plain, plain), bdr.of(many, plain)
    return Verdict(
        claim="BDR: before a plain background, trained on that alone is better than on both.",
        holds=bool((alone < both).all()),
        evidence=f"{alone.mean():.0f} mm for {both.mean():.0f}, better with {(alone < both).sum()} of {alone.size} "
        "seeds.",
    )


def own_verdicts(grids: Mapping[str, Grid], many: str, tests: Sequence[str]) -> list[Verdict]:
    """5.3: trained on the test's own poses against all."""
    made = []
    for grid in grids.values():
        ratios = {test: float(np.mean(grid.of(test, test)) / np.mean(grid.of(many, test))) for test in tests}
        made.append(
            Verdict(
                claim=f"{_name(grid)}: trained on the test's own kind of poses is better than on all kinds.",
                holds=all(bool(ratio < 1.0) for ratio in ratios.values()),
                evidence="Error over that of all kinds: " + ", ".join(f"{t} {r:.2f}" for t, r in ratios.items()) + ".",
            )
        )
    return made


def _name(grid: Grid) -> str:
    return TITLES[grid.method].partition(":")[0]
