"""Training on an accelerator: no devices are mixed, and what is learned is that of the CPU."""

from __future__ import annotations

import pytest
import torch

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.training.loop import fit
from tests.device.pretend import Record
from tests.device.runs import BALANCES, HERE, PRETENDED, run_of

CASES: list[tuple[str, ...]] = [
    *(("fingerprints", name) for name in BALANCES),
    ("fingerprints", "gradnorm", "mlp"),
    ("gine", "two_step task"),
    ("dmpnn", "gradnorm"),
    ("gatedgcn", "uncertainty"),
]


@pytest.mark.parametrize("case", CASES, ids=" ".join)
@pytest.mark.cases(3)
def test_losses_and_outputs_are_those_of_the_cpu(
    case: tuple[str, ...], blocks: dict[str, Block], device: Record
) -> None:
    experts, balance, *tower = case
    run = run_of(blocks, experts, BALANCES[balance], *tower)
    expected, found = (fit(run, place)[0] for place in (HERE, PRETENDED))
    losses = [[epoch["loss"] for epoch in module.history] for module in (expected, found)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    # Not weights: Adam makes steps of those whose gradient is 0 but for rounding.
    with torch.no_grad():
        here, there = (module.outputs(module.valid_rows).cpu() for module in (expected, found))
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-3)
