"""MLP experts: predictions write over what they made, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.experts.base import activations
from bioassay_mtl.nn.experts.mlp import ExpertGroup, ExpertGroupConfig


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("activation", activations)
def test_predictions_are_those_of_the_formula(
    activation: str, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ExpertGroupConfig(inputs=("x",), n=3, width=20, depth=depth, activation=activation)
    with Draws(1).used():
        group = ExpertGroup(config, {"x": 40}).eval()
        x = torch.randn(256, 40)
        group.first_bias.data.normal_()
    known = group.first({"x": x}).detach().clone()
    kept = known.clone()

    # As if an ensemble had computed it already.
    monkeypatch.setattr(group.first, "forward", lambda inputs: known)
    with torch.inference_mode():
        predicted = group({"x": x})
    expected = in_steps(group, kept)
    torch.testing.assert_close(predicted, expected, rtol=1e-5, atol=1e-5)
    assert known.equal(kept)
    if depth == 1:  # no product, which another library makes in predictions
        assert predicted.equal(expected)


def in_steps(group: Any, first: Tensor) -> Tensor:
    """What the experts' formula says, nothing written over."""
    hidden: Tensor = group.activation(first.unflatten(1, (3, 20)) + group.first_bias)
    for layer in group.layers:
        hidden = hidden + group.activation(layer(hidden))
    return hidden.detach()
