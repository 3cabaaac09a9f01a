"""Moves a network's weights towards those of another that it was once the same as.

    python -m recipes.blend_weights OWN.safetensors OTHER.safetensors --share 0.25 -o NEW.safetensors

Networks that went on from the same weights on different data can be averaged, and know some of what either learnt
(Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022, eq. 1). Both files are weights, or both are
checkpoints of `metricpose train`, whose run then goes on from the new one as if nothing had been: step, optimiser and
metadata are OWN's.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from metricpose._errors import InputError, MetricposeError
from metricpose.models.agr_weights import stored_tensors

_OPTIMISER = "optimiser/"  # what a checkpoint's names begin with that are no weights


def blended(own: Mapping[str, Tensor], other: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """`own` with its weights moved by `share`, in [0, 1], of the way to `other`'s; counters and optimisers stay.

    Raises InputError where the two are not of one network.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"--share: expected a number in [0, 1], got {share}")
    weights = {name for name, value in own.items() if not name.startswith(_OPTIMISER) and value.is_floating_point()}
    strange = sorted(name for name in weights if name not in other or other[name].shape != own[name].shape)
    if strange or not weights:
        raise InputError(f"expected two files of one network; {(strange or ['every weight'])[0]} is not in both alike")
    return {name: value.lerp(other[name].to(value), share) if name in weights else value for name, value in own.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="blend_weights", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("own", type=Path, metavar="OWN.safetensors")
    parser.add_argument("other", type=Path, metavar="OTHER.safetensors")
    parser.add_argument("--share", type=float, default=0.25, help="of the way to OTHER (default 0.25)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="NEW.safetensors")
    args = parser.parse_args(arguments)
    try:
        (own, metadata), (other, _) = (stored_tensors(path, "a network") for path in (args.own, args.other))
        new = blended(own, other, args.share)
        args.output.parent.mkdir(parents=True, exist_ok=True)
        save_file(new, args.output, metadata=metadata)
    except MetricposeError as error:
        print(f"blend_weights: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
