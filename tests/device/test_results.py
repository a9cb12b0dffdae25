"""Training on an accelerator: no devices are mixed, and weights are those of the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.training.loop import fit
from tests.device.pretend import Record
from tests.device.runs import BALANCES, HERE, PRETENDED, run_of

CASES = [
    *(("fingerprints", name) for name in BALANCES),
    ("gine", "sum"),
    ("gine", "two_step task"),
    ("dmpnn", "gradnorm"),
    ("gatedgcn", "uncertainty"),
]


@pytest.mark.parametrize(("experts", "balance"), CASES)
def test_weights_are_those_of_the_cpu(
    experts: str, balance: str, blocks: dict[str, Block], device: Record
) -> None:
    run = run_of(blocks, experts, BALANCES[balance])
    expected, found = (fit(run, place)[0] for place in (HERE, PRETENDED))
    losses: list[list[Any]] = [[e["loss"] for e in m.history] for m in (expected, found)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    weights = zip(expected.network.parameters(), found.network.parameters(), strict=True)
    for here, there in weights:
        torch.testing.assert_close(there.detach().cpu(), here.detach(), rtol=1e-3, atol=1e-4)
