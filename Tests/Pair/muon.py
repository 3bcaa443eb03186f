"""Muon: momentum whose matrices are made orthogonal, so that every direction of a layer learns as fast (Jordan et al. 2024).

In float: torch's own works in bfloat16, which a processor without instructions for it does sixty times slower.
"""

import torch

# The coefficients of the quintic that Jordan et al. iterate: after five times singular values lie around 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
# An update's root mean square is as AdamW's at the same rate (Liu et al., "Muon is scalable for LLM training", 2025).
ADAM_SCALE = 0.2


def orthogonal(matrix):
    """A matrix [m, n] with the same singular vectors and singular values of about 1."""
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix
    x = x / (x.norm() + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if is_tall else x


class Muon(torch.optim.Optimizer):
    """For matrices [m, n] of hidden layers; `lr` is AdamW's."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.05):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for matrix in group["params"]:
                state = self.state[matrix]
                if not state:
                    state["momentum"] = torch.zeros_like(matrix)
                state["momentum"].lerp_(matrix.grad, 1 - group["momentum"])
                update = orthogonal(matrix.grad.lerp(state["momentum"], group["momentum"]))
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(update, alpha=-group["lr"] * ADAM_SCALE * max(matrix.shape) ** 0.5)
