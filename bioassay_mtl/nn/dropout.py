"""Dropout whose random mask is cheap on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.draws import generator


class ByteDropout(nn.Dropout):
    """`torch.nn.Dropout` with a probability rounded to 1/256, drawn from random bytes.

    Drawing a Bernoulli variable per unit is a quarter of a training step on a CPU; here one 64-bit
    draw serves eight units. On an accelerator the probability is not rounded.
    """

    def forward(self, x: Tensor) -> Tensor:
        threshold = min(round(self.p * 256), 255)
        if not self.training or threshold == 0:
            return x
        if x.device.type != "cpu":
            # Not like x, which may be several networks' under vmap: they lose the same units.
            mask = torch.empty(x.shape, dtype=x.dtype, device=x.device)
            return x * mask.bernoulli_(1 - self.p, generator=generator(x.device)).div_(1 - self.p)
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64)
        words.random_(-(2**63), None, generator=generator())
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= threshold
        return x * kept.to(x.dtype).mul_(256 / (256 - threshold))
