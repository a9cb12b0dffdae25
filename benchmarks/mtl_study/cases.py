"""What is compared: cells of a model and a balancer, and the settings that each may try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.datasets import Source
from benchmarks.mixture_study.cases import training_settings
from bioassay_mtl.balance.balancer import balancers

Settings = dict[str, Any]

BASE_MODEL = "mmoeex"
MODELS = ("mmoeex", "mmoeex_exclusive", "mmoe", "shared_bottom", "single_task")
"""In the order in which they are run: a run bounded in time answers the question first."""
PLAIN = "sum"
BOTH = (PLAIN, "two_step")
"""Balancers that every model is tried with."""
_CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())


@dataclass(frozen=True)
class Preset:
    """Size of a study.

    Trials are chosen from on validation rows with seed 0, which none of ``seeds`` is. ``rows`` are
    fitted on; validation and test rows are never cut. ``width`` is a share of that of the mixture
    study. One network per assay is trained on the datasets of ``single_task``.
    """

    name: str
    trials: int
    seeds: tuple[int, ...]
    rows: int | None
    width: float
    epochs: int
    batch_size: int
    precision: str = "bfloat16"
    single_task: tuple[str, ...] = ()

    @property
    def size(self) -> list[Any]:
        """What else than settings decides the result of a piece of work."""
        return [self.rows, self.width, self.epochs, self.batch_size, self.precision]

    def batch_of(self, n_rows: int) -> int:
        """Fewer where an epoch would have fewer than 20 steps."""
        return min(self.batch_size, max(32, n_rows // 20))


EVERY = ("pcba", "tox21", "muv")
PRESETS = {
    "quick": Preset("quick", 1, (1,), 400, 1 / 20, 2, 256, "float32"),
    "small": Preset("small", 4, (1, 2, 3), 10_000, 1 / 4, 8, 512, single_task=EVERY),
}


@dataclass(frozen=True)
class Cell:
    """One model trained with one balancer."""

    model: str
    balancer: str

    @property
    def name(self) -> str:
        """Such as ``mmoeex + sum``."""
        return f"{self.model} + {self.balancer}"


def known_balancers() -> list[str]:
    """Those that are registered, in the stated order."""
    kinds, order = set(balancers), _CASES["order"]
    return [n for n in order if variant(n)["balance"]["kind"] in kinds] + sorted(kinds - {*order})


def variant(name: str) -> Settings:
    """Training settings that stand for a balancer by its name in the study."""
    found: Settings = _CASES["variants"].get(name, {"balance": {"kind": name}})
    return found


def cells(preset: Preset, dataset: str) -> list[Cell]:
    names = known_balancers()
    both = [name for name in names if name in BOTH]
    found = [Cell(model, name) for model in MODELS[:-1] for name in both]
    if dataset in preset.single_task:
        found.append(Cell("single_task", PLAIN))
    return found + [Cell(BASE_MODEL, name) for name in names if name not in both]


def draws(n: int) -> list[Settings]:
    """The same n random settings for every cell; fewer are the first of more.

    The learning rate is log-uniform in 0.006 to 0.024, dropout uniform in 0.2 to 0.6, the weight
    decay log-uniform in 0.1 to 3.
    """
    return [
        {
            "learning_rate": float(f"{6e-3 * 4**rate:.3g}"),
            "dropout": round(0.2 + 0.4 * dropout, 2),
            "weight_decay": float(f"{0.1 * 30**decay:.3g}"),
        }
        for rate, dropout, decay in np.random.default_rng(0).random((n, 3)).tolist()
    ]


def trials(cell: Cell, preset: Preset) -> Iterator[Settings]:
    """The settings that a cell tries."""
    base = variant(cell.balancer)
    own = [
        {**base, "balance": base["balance"] | option, **of_model}
        for option in _CASES["own_options"].get(cell.balancer, ({},))
        for of_model in _CASES["model_options"].get(cell.model, ({},))
    ]
    for number, drawn in enumerate(draws(preset.trials)):
        yield {**drawn, **own[number % len(own)]}


def full_settings(
    cell: Cell, preset: Preset, chosen: Settings, source: Source, seed: int
) -> Settings:
    """The training configuration of a trial: of one of :func:`trials`."""
    others = {"mmoeex_exclusive": "mmoeex", "single_task": "shared_bottom"}
    kind, bits = others.get(cell.model, cell.model), len(source.fingerprints) == 1
    width = _CASES["widths"]["bits" if bits else "counts"][kind]
    chosen = {"model": kind, "width": max(8, round(width * preset.width)), **chosen}
    if kind == "mmoeex":
        chosen["decoupled"] = True
    if chosen.get("connections", {}).get("kind") == "groups":
        chosen["connections"] = chosen["connections"] | {"groups": source.groups}
    if "by_actives" in chosen["balance"]:
        n_actives = (source.panel.labels[source.fit] == 1).sum(axis=0)
        weights = np.maximum(n_actives, 1.0) ** chosen["balance"]["by_actives"]
        weights = (weights / weights.mean()).round(4)
        by_task = dict(zip(source.panel.tasks, weights.tolist(), strict=True))
        chosen["balance"] = {"kind": "fixed", "weights": by_task}
    epochs = preset.epochs * chosen.pop("longer", 1)
    chosen |= {"epochs": epochs, "patience": epochs, "device": "cpu"}
    chosen |= {"batch_size": preset.batch_of(len(source.fit)), "precision": preset.precision}
    return training_settings("A" if bits else "B", chosen, seed)
