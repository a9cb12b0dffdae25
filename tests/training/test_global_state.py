"""A training changes nothing that the whole process shares, and nothing shared changes it."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bioassay_mtl.balance import balancers
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.experts import expert_kinds
from bioassay_mtl.nn.experts.base import GroupConfig
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from tests.conftest import REPOSITORY
from tests.training.conftest import small_config
from tests.training.test_fit import same

EXPERTS = {"inputs": ["morgan"], "n": 3, "width": 16, "depth": 2, "dropout": 0.4}
GATE = {"kind": "task_embedding", "dropout": 0.2, "expert_dropout": 0.3}
DRAWING = ["sum", "random", "graddrop", "gradvac", "pcgrad"]
TWO_STEP = {"kind": "two_step", "tasks_per_step": 2}


def drawing_config(**changes: Any) -> TrainingConfig:
    """Draws wherever it can: weights, dropout, closed connections, rows."""
    network = {"experts": [EXPERTS], "gate": GATE, "tower": {"kind": "per_expert"}}
    return small_config(**{"network": network, "sampling": "balanced", "epochs": 3, **changes})


@pytest.mark.parametrize("balance", [*DRAWING, TWO_STEP], ids=str)
def test_global_generators_are_left_alone(small_panel: Panel, balance: Any) -> None:
    def states() -> list[Any]:
        of_numpy = str(np.random.get_state())  # noqa: NPY002
        return [torch.get_rng_state().tolist(), of_numpy, random.getstate()]

    before, seen = states(), []
    train(small_panel, drawing_config(balance=balance), progress=lambda _: seen.append(states()))
    assert all(state == before for state in (*seen, states()))


def test_a_model_that_is_loaded_draws_nothing(small_panel: Panel, tmp_path: Path) -> None:
    train(small_panel, drawing_config(epochs=1), out=tmp_path / "model")
    before = torch.get_rng_state()
    Model.load(tmp_path / "model")
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_do_not_depend_on_what_else_is_drawn(small_panel: Panel) -> None:
    torch.manual_seed(1)
    first = train(small_panel, drawing_config())
    other = train(small_panel, drawing_config(), progress=lambda _: torch.rand(3))  # type: ignore
    assert same(first, other)


@pytest.mark.parametrize("balance", ["sum", "pcgrad", TWO_STEP], ids=str)
@pytest.mark.cases(1)
def test_trainings_in_threads_are_those_of_their_seeds_alone(
    small_panel: Panel, balance: Any
) -> None:
    configs = [drawing_config(balance=balance, seed=seed) for seed in (1, 2)]
    alone = [train(small_panel, config) for config in configs]
    meeting = threading.Barrier(2)  # they take turns, epoch by epoch
    with ThreadPoolExecutor(2) as pool:
        together = [
            pool.submit(train, small_panel, config, progress=lambda _: meeting.wait(60))  # type: ignore
            for config in configs
        ]
    assert all(same(a, b.result()) for a, b in zip(alone, together, strict=True))
    assert not same(*alone)


class NoisyConfig(GroupConfig):
    """Experts by one who draws with what PyTorch has."""

    kind: str = "noisy"
    width: int = 8

    def build(self, sizes: Any) -> nn.Module:
        return Noisy(self, sizes["morgan"])


class Noisy(nn.Module):
    """A layer, noise and dropout."""

    def __init__(self, config: NoisyConfig, n_features: int) -> None:
        super().__init__()
        self.config = config
        self.layer = nn.Linear(n_features, config.n * config.width)
        self.dropout = nn.Dropout(0.3)

    def forward(self, inputs: Any) -> Tensor:
        hidden: Tensor = self.dropout(self.layer(inputs["morgan"].dense()))
        noise = torch.randn_like(hidden) if self.training else 0.0
        experts: Tensor = (hidden + 0.1 * noise).unflatten(1, (self.config.n, -1))
        return experts


def test_experts_of_others_draw_from_the_seed_too(
    small_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(expert_kinds._entries, "noisy", NoisyConfig)
    network = {"experts": [{"kind": "noisy", "inputs": ["morgan"], "n": 2}]}
    config = drawing_config(network=network)
    before = torch.get_rng_state()
    first = train(small_panel, config)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(9)
    assert same(first, train(small_panel, config))


def test_training_works_outside_the_main_thread_and_leaves_warnings(small_panel: Panel) -> None:
    before = list(warnings.filters)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(train, small_panel, drawing_config(epochs=1)).result()
    assert warnings.filters == before


PROGRAM = """
import json, sys
import torch
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
import numpy as np
torch.set_num_threads(1)
given = json.loads(sys.stdin.read())
panel = Panel.from_arrays(given["smiles"], np.array(given["labels"], np.float64), given["tasks"])
train(panel, given["config"], out=sys.argv[1])
"""


@pytest.mark.soak
def test_weights_are_the_same_bytes_in_another_process(small_panel: Panel, tmp_path: Path) -> None:
    config = drawing_config(epochs=2)
    labels = np.where(small_panel.mask, small_panel.labels, np.nan)
    given = {"smiles": list(small_panel.structures or []), "labels": labels.tolist()}
    given |= {"tasks": list(small_panel.tasks), "config": config.model_dump(mode="json")}
    panel = Panel.from_arrays(small_panel.structures, labels, small_panel.tasks)
    for name in ("first", "second"):
        train(panel, config, out=tmp_path / name)
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "third")],
        input=json.dumps(given),
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    found = {
        hashlib.sha256((tmp_path / name / "model.safetensors").read_bytes()).hexdigest()
        for name in ("first", "second", "third")
    }
    assert len(found) == 1
    assert set(DRAWING) <= set(balancers)
