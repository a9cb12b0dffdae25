"""Byte dropout drops the stated share, keeps the mean, and repeats with the seed."""

from __future__ import annotations

import pytest
import torch

from bioassay_mtl.nn.dropout import ByteDropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.63])
def test_share_scale_and_gradient(p: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(501, 1003, requires_grad=True)
    y = ByteDropout(p)(x)
    y.sum().backward()
    kept = y != 0
    assert abs((~kept).float().mean().item() - p) < 0.004
    assert abs(y.mean().item() - 1) < 0.01
    assert x.grad is not None
    assert torch.equal(x.grad, y.detach())
    torch.manual_seed(0)
    assert torch.equal(ByteDropout(p)(x), y)


def test_nothing_is_dropped_outside_training_or_at_zero() -> None:
    x = torch.randn(5, 3)
    assert torch.equal(ByteDropout(0.5).eval()(x), x)
    assert torch.equal(ByteDropout(0.0)(x), x)


def test_units_are_dropped_independently() -> None:
    kept = ByteDropout(0.5)(torch.ones(4096, 64)) != 0
    correlation = torch.corrcoef(kept.float().T) - torch.eye(64)
    assert correlation.abs().max() < 0.1
