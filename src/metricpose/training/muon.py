"""Muon (Jordan et al. 2024) for convolutions: each kernel is the matrix of its output channels by all the rest.

torch's own Muon takes matrices alone. On the AGR network, after 80 steps of the same 32 windows, the cross-entropy of
joints' places was 5.87 for AdamW's 6.36, at about a tenth more time per step of 64 windows on two cores.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315  # of the quintic iteration, Jordan's


class ConvMuon(torch.optim.Optimizer):
    """Momentum (Nesterov), made orthogonal, scaled to AdamW's step size; `gain` times the others' learning rate."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, *, weight_decay: float, momentum: float = 0.95, gain: float = 2.5
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "gain": gain})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update; `closure` is not called."""
        for group in self.param_groups:
            rate = group["lr"] * group["gain"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(state["momentum"], group["momentum"]).flatten(1)
                update = orthogonal(ahead) * (0.2 * max(ahead.shape) ** 0.5)
                parameter.mul_(1 - rate * group["weight_decay"])
                parameter.sub_(update.reshape(parameter.shape).to(parameter.dtype), alpha=rate)


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly the orthogonal factor of a matrix (m, n): singular values of 0.7 to 1.2 (Newton-Schulz).

    Every step of the iteration multiplies from the left by a polynomial of the Gram matrix x x', and these commute:
    so it runs on that small square matrix alone, and the long one is multiplied twice instead of ten times.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.float().T if tall else matrix.float()
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    eye = torch.eye(len(gram), device=x.device)
    product = eye
    for step in range(_STEPS):
        factor = torch.addmm(torch.add(_B * gram, eye, alpha=_A), gram, gram, alpha=_C)  # a + b G + c G^2
        product = factor @ product
        if step + 1 < _STEPS:
            gram = factor @ gram @ factor
    x = product @ x
    return x.T if tall else x
