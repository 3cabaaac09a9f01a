"""The optimiser of the detector's networks: what their recipes agree on, and what each chooses."""

from metricpose.training.setup import OptimiserOptions


def detector_optimiser(
    *, steps: int, rate: float, fall: float, muon_prefixes: tuple[str, ...], warm_up: int = 100
) -> OptimiserOptions:
    """Muon between the first and the last layers, AdamW elsewhere; `fall`: the last share of the steps, to rate 0."""
    return OptimiserOptions(
        steps=steps,
        rate=rate,
        warm_up=warm_up,
        fall=fall,
        weight_decay=0.05,
        clip=5.0,
        average=0.998,
        prefetch=True,
        muon_prefixes=muon_prefixes,
    )
