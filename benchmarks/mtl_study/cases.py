"""What is compared: cells of a model and a balancer, and the settings that each may try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.datasets import Source
from benchmarks.mixture_study.cases import training_settings
from bioassay_mtl.balance.balancer import balancers

Settings = dict[str, Any]

BASE_MODEL = "mmoeex"
MODELS = ("mmoeex", "mmoeex_exclusive", "mmoe", "shared_bottom", "single_task")
"""In the order in which they are run: a run bounded in time answers the question first."""
PLAIN = "sum"
ORDER = (
    *("sum", "two_step", "two_step_all", "two_step_longer", "sum_longer"),
    *("mean", "fixed", "lbtw", "dwa", "uncertainty"),
    *("gradnorm", "random", "mgda", "imtl_g", "graddrop", "aligned_mtl", "dual_proj"),
    *("cagrad", "pcgrad", "fairgrad", "upgrad", "nash_mtl", "gradvac"),
)
"""The order of the balancers, the dearest last; registered ones not named here follow by name."""
VARIANTS: dict[str, Settings] = {
    "two_step": {"balance": {"kind": "two_step", "scope": "task"}},
    "two_step_all": {"balance": {"kind": "two_step", "scope": "all", "tasks_per_step": 8}},
    "two_step_longer": {"balance": {"kind": "two_step", "scope": "task"}, "longer": 3},
    "sum_longer": {"balance": {"kind": "sum"}, "longer": 3},
    "mean": {"balance": {"kind": "sum"}, "reduction": "mean_per_task"},
    "nash_mtl": {"balance": {"kind": "nash_mtl", "update_weights_every": 10}},
}
"""Balancers that are more than the default settings of their kind.

``longer``: that many times the epochs. Two-step learns from the outer rows alone, a third of each
batch by default: with three times the epochs it has seen as many as the plain sum, which is given
as long, too.
"""
_TWO_STEP: tuple[Settings, ...] = (
    {"order": 1},
    {"order": 2, "inner_learning_rate": 0.5},
    {"order": 1, "inner_learning_rate": 0.5, "inner_share": 0.5},
    {"order": 2, "inner_share": 0.5},
)
OWN_OPTION: dict[str, tuple[Settings, ...]] = {
    "two_step": _TWO_STEP,
    "two_step_longer": _TWO_STEP,
    "two_step_all": ({"order": 1}, {"order": 1, "inner_learning_rate": 0.1}),
    "fixed": ({"by_actives": -0.5}, {"by_actives": 0.5}),
    "lbtw": ({"alpha": 0.5}, {"alpha": 0.1}),
    "gradnorm": ({"alpha": 1.5}, {"alpha": 0.5}),
    "cagrad": ({"c": 0.4}, {"c": 0.8}),
}
"""Values of what is a balancer's own, taken in turn by its trials. ``by_actives``: weights are that
power of the number of actives."""
MODEL_OPTION: dict[str, tuple[Settings, ...]] = {
    "mmoeex_exclusive": (
        {"connections": {"kind": "exclusivity", "share": 0.5}},
        {"connections": {"kind": "groups", "share": 0.5}},
    )
}
"""The same for a model; with both, all pairs in turn."""
WIDTH = {
    "bits": {"mmoeex": 650, "mmoe": 650, "shared_bottom": 1024},
    "counts": {"mmoeex": 600, "mmoe": 265, "shared_bottom": 970},
}
"""Hidden units of about equally large networks, as in the mixture study."""
SPACE_SEED = 0


@dataclass(frozen=True)
class Preset:
    """Size of a study.

    Trials are chosen from on validation rows with seed 0, which none of ``seeds`` is. ``rows`` are
    fitted on; validation and test rows are never cut. ``width`` is a share of that of the mixture
    study. Balancers are tried on one model, and every model under the plain sum and two-step; one
    network per assay on the datasets of ``single_task``.
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


EVERY = ("tox21", "muv", "pcba")
PRESETS = {
    preset.name: preset
    for preset in (
        Preset("quick", 1, (1,), 400, 1 / 20, 2, 256, "float32"),
        Preset("small", 4, (1, 2, 3), 10_000, 1 / 4, 8, 512, single_task=EVERY),
    )
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
    kinds = set(balancers)
    names = [name for name in ORDER if variant(name)["balance"]["kind"] in kinds]
    return names + sorted(kinds - set(ORDER))


def variant(name: str) -> Settings:
    """Training settings that stand for a balancer by its name in the study."""
    return VARIANTS.get(name, {"balance": {"kind": name}})


def cells(preset: Preset, dataset: str) -> list[Cell]:
    """All cells of a study, the most telling first."""
    names = known_balancers()
    both = [name for name in names if name in (PLAIN, "two_step")]
    found = [Cell(BASE_MODEL, name) for name in both]
    shared = [model for model in MODELS if model not in (BASE_MODEL, "single_task")]
    found += [Cell(model, name) for model in shared for name in both]
    if dataset in preset.single_task:
        found.append(Cell("single_task", PLAIN))
    return found + [Cell(BASE_MODEL, name) for name in names if name not in both]


def draws(n: int) -> list[Settings]:
    """The same n random settings for every cell; fewer are the first of more.

    The learning rate is log-uniform in 0.006 to 0.024, dropout uniform in 0.2 to 0.6, the weight
    decay log-uniform in 0.1 to 3.
    """
    unit = np.random.default_rng(SPACE_SEED).random((n, 3))
    return [
        {
            "learning_rate": float(f"{6e-3 * 4**rate:.3g}"),
            "dropout": round(0.2 + 0.4 * dropout, 2),
            "weight_decay": float(f"{0.1 * 30**decay:.3g}"),
        }
        for rate, dropout, decay in unit.tolist()
    ]


def trials(cell: Cell, preset: Preset) -> Iterator[Settings]:
    """The settings that a cell tries."""
    base = variant(cell.balancer)
    own = [
        {**base, "balance": base["balance"] | option, **of_model}
        for option in OWN_OPTION.get(cell.balancer, ({},))
        for of_model in MODEL_OPTION.get(cell.model, ({},))
    ]
    for number, drawn in enumerate(draws(preset.trials)):
        yield {**drawn, **own[number % len(own)]}


def batch_size(preset: Preset, n_rows: int) -> int:
    """At most that of the preset, and fewer where an epoch would have fewer than 20 steps."""
    return min(preset.batch_size, max(32, n_rows // 20))


def full_settings(
    cell: Cell, preset: Preset, chosen: Settings, source: Source, n_fit: int, seed: int
) -> Settings:
    """The training configuration of a trial: of one of :func:`trials`, on so many rows."""
    kind = {"mmoeex_exclusive": "mmoeex", "single_task": "shared_bottom"}.get(
        cell.model, cell.model
    )
    bits = len(source.fingerprints) == 1
    width = WIDTH["bits" if bits else "counts"][kind]
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
    chosen |= {
        "epochs": epochs,
        "patience": epochs,
        "batch_size": batch_size(preset, n_fit),
        "precision": preset.precision,
        "device": "cpu",
    }
    return training_settings("A" if bits else "B", chosen, seed)
