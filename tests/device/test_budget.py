"""How often a training step makes the host wait for an accelerator, or copies to and fro."""

from __future__ import annotations

import pytest

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.training import batches
from tests.device.pretend import Record
from tests.device.runs import BALANCES, HERE, PRETENDED, run_of, steps_of, third_step
from tests.needs import installed

NOT_YET: dict[tuple[str, str], tuple[int, int, int]] = {
    ("fingerprints", "two_step all"): (1, 0, 0),
}
"""Waits, copies to the device and to the host of a step that still has some."""

CASES = [
    *(("fingerprints", name) for name in BALANCES),
    *(("gine", name) for name in BALANCES if name != "two_step all"),
    ("dmpnn", "sum"),
    ("gatedgcn", "sum"),
]


@pytest.mark.parametrize(("experts", "balance"), CASES)
def test_a_step_asks_the_device_for_nothing(
    experts: str, balance: str, blocks: dict[str, Block], device: Record
) -> None:
    found = third_step(run_of(blocks, experts, BALANCES[balance]), device)
    bounds = NOT_YET.get((experts, balance), (0, 0, 0))
    assert all(n <= most for n, most in zip(found.counts, bounds, strict=True)), found
    if bounds != (0, 0, 0):
        assert found.counts != (0, 0, 0), "nothing is left: take it out of NOT_YET"


@pytest.mark.parametrize("balance", ["sum", "two_step task", "dwa", "lbtw", "uncertainty"])
def test_measured_cells_alone_ask_for_nothing(
    balance: str, blocks: dict[str, Block], device: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "FEWEST_SPARSE_TASKS", 1)
    monkeypatch.setattr(batches, "MOST_SPARSE_SHARE", 2.0)
    run = run_of(blocks, "fingerprints", BALANCES[balance])
    found = third_step(run, device)
    assert found.counts == (0, 0, 0), found
    assert steps_of(run, PRETENDED).module.data.is_sparse


@pytest.mark.parametrize("balance", ["pcgrad", "mgda", "upgrad", "imtl_g", "aligned_mtl"])
def test_weights_of_gramians_are_found_on_the_host_and_copied_once(
    balance: str, blocks: dict[str, Block], device: Record
) -> None:
    installed("torchjd", "torchjd")
    found = third_step(run_of(blocks, "fingerprints", balance), device)
    assert found.counts == (0, 1, 1), found


def test_towers_that_are_not_linear_ask_for_nothing(
    blocks: dict[str, Block], device: Record
) -> None:
    found = third_step(run_of(blocks, "fingerprints", "gradnorm", tower="mlp"), device)
    assert found.counts == (0, 0, 0), found


def test_an_accelerator_is_given_a_seed_once_an_epoch(
    blocks: dict[str, Block], device: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []
    monkeypatch.setattr(Draws, "seed", lambda draws, seed: seeds.append(seed))
    counts = []
    for place in (PRETENDED, HERE):
        steps = steps_of(run_of(blocks, "fingerprints", "sum"), place)
        steps.begin()
        seeds.clear()
        for number, rows in enumerate(steps.module.batches(0)):
            steps.take(number, rows)
        counts.append(len(seeds))
        assert len(set(seeds)) == len(seeds)
    assert counts == [1, steps.module.n_steps]
