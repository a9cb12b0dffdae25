"""DistributedDataParallel: two real processes step as one, with every balancer."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import Tensor

from tests.balance.ddp_rank import N_RANKS, SETTINGS, Balanced, batches, run, seed
from tests.balance.small_batch import assert_same
from tests.conftest import REPOSITORY
from tests.needs import absent

Record = list[dict[str, Tensor]]
ROWS_APART = [name for name in SETTINGS if name.startswith("two_step")] + ["graddrop"]
"""Each rank judges its rows by themselves: the update is the mean of the ranks' updates."""
AS_ONE_PROCESS = [name for name in SETTINGS if name not in ROWS_APART]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Record]]:
    """What each rank has seen, by balancer."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "cases").write_text("\n".join(SETTINGS))
    program = [sys.executable, "-W", "error", "-m", "tests.balance.ddp_rank"]
    processes = [
        subprocess.Popen([*program, str(rank), str(folder)], cwd=REPOSITORY)
        for rank in range(N_RANKS)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0] * N_RANKS
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(N_RANKS)]


@pytest.mark.soak
@pytest.mark.parametrize("name", SETTINGS)
def test_ranks_never_part(ranks: list[dict[str, Record]], name: str) -> None:
    """Gradients, weights, and what the balancer learned or remembers: bit for bit the same."""
    for step, (first, second) in enumerate(zip(*(rank[name] for rank in ranks), strict=True)):
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert torch.equal(value.nan_to_num(-1), second[key].nan_to_num(-1)), (step, key)


@pytest.mark.parametrize("name", AS_ONE_PROCESS)
def test_the_update_is_that_of_one_process_with_all_rows(
    ranks: list[dict[str, Record]], name: str
) -> None:
    module = Balanced(name)

    def gradients(step: int) -> None:
        seed(step, rank=0)
        module(batches(None)[step]).backward()

    assert_records_match(ranks[0][name], run(module, gradients))


@pytest.mark.parametrize("name", ["sum", "fixed", *ROWS_APART])
def test_the_update_is_the_mean_of_the_updates_of_ranks(
    ranks: list[dict[str, Record]], name: str
) -> None:
    if name not in SETTINGS:
        absent(f"the balancer {name} needs torchjd (pip install 'bioassay-mtl[torchjd]')")
    module = Balanced(name)

    def gradients(step: int) -> None:
        for rank in range(N_RANKS):
            seed(step, rank)
            (module(batches(rank)[step]) / N_RANKS).backward()

    assert_records_match(ranks[0][name], run(module, gradients))


def assert_records_match(found: Record, expected: Record) -> None:
    for of_step, should_be in zip(found, expected, strict=True):
        assert of_step.keys() == should_be.keys()
        finite = {key: value.double().nan_to_num(-1) for key, value in of_step.items()}
        assert_same(finite, {key: v.double().nan_to_num(-1) for key, v in should_be.items()}, 1e-9)
