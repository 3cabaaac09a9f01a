"""Teaches a crop network's last layer for the box anew, on virtual people, and leaves all else as it is.

    python -m recipes.box_layer --data runs/people_more OLD.safetensors -o runs/box_layer

For weights whose joints were learnt mostly from photos without masks, which say nothing of boxes. Features of so many
windows are kept and the layer (four channels) learns from them; NAME.onnx and NAME.safetensors are written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from metricpose._errors import InputError, MetricposeError
from metricpose.losses.crop import CropLossOptions, CropTargets, edge_loss
from metricpose.models.agr_weights import loaded_crop_net, tensors_and_facts
from metricpose.models.crop_net import CropNet
from metricpose.training.agr_export import exported
from metricpose.training.agr_samples import virtual_samples
from metricpose.training.backdrops import cut_backdrops
from metricpose.training.crop_patches import (
    CropWindowOptions,
    Patches,
    crop_windows,
    cut_patches,
    drawn_patches,
    patch_px,
)

BATCH, RATE, HELD_OUT = 48, 2e-2, 6
WINDOWS = CropWindowOptions(size=160, scale=0.11, shift=0.035, any_turn=0.12, turned_deg=20, backdrop=0.3)


def features_of(
    net: CropNet, patches: Patches, batches: int, backdrops: Tensor | None
) -> list[tuple[Tensor, CropTargets]]:
    """Of each batch of windows: what the layer reads (B, C, h, w) as halves, and the truth."""
    generator, kept = torch.Generator().manual_seed(0), []
    with torch.no_grad():
        for _ in range(batches):
            drawn = drawn_patches([(patches, 1.0)], BATCH, generator)
            windows, targets = crop_windows(drawn, WINDOWS, generator, backdrops)
            kept.append((net.refine(net.features(windows)[0]).half(), targets))
    return kept


def learnt(layer: nn.Conv2d, kept: Sequence[tuple[Tensor, CropTargets]], steps: int) -> tuple[float, float]:
    """Trains the layer; its loss on the first batches, windows on the same people that it does not learn from, before
    and after. Raises InputError where no batch is left to learn from."""
    if len(kept) <= HELD_OUT:
        raise InputError(f"--batches: expected more than the {HELD_OUT} that judge, got {len(kept)}")
    sigma, generator = CropLossOptions().edge_sigma, torch.Generator().manual_seed(0)
    judged, lessons = kept[:HELD_OUT], kept[HELD_OUT:]

    def loss(batch: tuple[Tensor, CropTargets]) -> Tensor:
        return edge_loss(layer(batch[0].float()), batch[1], sigma)

    def held_out() -> float:
        with torch.no_grad():
            return float(torch.stack([loss(batch) for batch in judged]).mean())

    before, optimiser = held_out(), torch.optim.Adam(layer.parameters(), lr=RATE)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = RATE * (1 - step / steps)
        optimiser.zero_grad()
        loss(lessons[int(torch.randint(len(lessons), (), generator=generator))]).backward()
        optimiser.step()
    return before, held_out()


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="box_layer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("weights", type=Path, metavar="OLD.safetensors")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="pictures of `generate people`")
    parser.add_argument("--backdrops", type=Path, metavar="DIR", help="a folder of panoramas")
    parser.add_argument("--batches", type=int, default=120, help="of 48 windows (default 120)")
    parser.add_argument("--steps", type=int, default=600, help="default 600")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    args = parser.parse_args(arguments)
    try:
        net = loaded_crop_net(args.weights)
        _, facts = tensors_and_facts(args.weights, "a crop network")
        patches = cut_patches(virtual_samples(args.data), patch_px(WINDOWS.size))
        kept = features_of(net, patches, args.batches, cut_backdrops(args.backdrops) if args.backdrops else None)
        before, after = learnt(net.edge_out, kept, args.steps)
        print(f"edges, on {HELD_OUT} other batches of windows on the same people: {before:.3f}, then {after:.3f}")
        args.output.mkdir(parents=True, exist_ok=True)
        facts = {name: value for name, value in facts.items() if name != "options"}
        exported(net.eval(), args.output, args.weights.stem, facts)
    except MetricposeError as error:
        print(f"box_layer: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
