"""Styles of pictures exchanged inside a network while it learns, so that it does not lean on them (Zhou et al., 2021).

The mean and the spread of each channel over a picture say more of its light, colours and texture than of who is in it.
"""

import torch
from torch import Tensor, nn


class MixStyle(nn.Module):
    """In training, for a share of the batches: means and spreads of pictures mixed with those of others (B, C, h, w).

    The mixing weights are Beta(0.1, 0.1), as in the paper: mostly either the own style or the other's.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share <= 0 or float(torch.rand(())) >= self.share:
            return x
        spread, mean = torch.std_mean(x.detach().float(), dim=(2, 3), keepdim=True)
        spread = spread + 1e-4
        beta = torch.distributions.Beta(0.1, 0.1)
        own = beta.sample((len(x), 1, 1, 1)).to(x.device)  # type: ignore[no-untyped-call]
        other = torch.randperm(len(x), device=x.device)
        new_spread = own * spread + (1 - own) * spread[other]
        new_mean = own * mean + (1 - own) * mean[other]
        return ((x - mean) * (new_spread / spread) + new_mean).to(x.dtype)
