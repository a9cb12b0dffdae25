"""The study: ways of sharing on mixes of real panels; what is done is kept, and not done again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmarks.muir.cases import CASES, HIDDEN_TOWERS, LAYERS, MAIN, SETTINGS
from benchmarks.muir.mixes import LAYERED, MIXES, SPLIT, mixed
from bioassay_mtl.training.together.fit import Together, train_together

ABLATED = "tox21 300"
"""The mix on which parts of modules are left out."""
COMPARED = ("average_precision", "spearman")
"""Of a panel's scores the first of these that it has: more is better."""
SHOWN = (*COMPARED, "roc_auc", "rmse")


class Key(NamedTuple):
    """A run."""

    mix: str
    case: str
    seed: int

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Key:
        """That of a result."""
        return cls(result["mix"], result["case"], result["seed"])


def plan(seeds: int) -> Iterator[Key]:
    """All runs, in an order whose beginning can be published: small panels, then six, then more."""
    small, six, larger = list(MIXES)[:2], ["six panels"], list(MIXES)[3:]
    first = [(small, MAIN, 1), (six, MAIN, 1), (small, MAIN, seeds), ([ABLATED], CASES, 1)]
    for mixes, cases, most in [*first, (larger, MAIN, 1), (MIXES, MAIN, seeds)]:
        yield from (
            Key(m, c, seed) for seed in range(min(most, seeds)) for m in mixes for c in cases
        )
    yield from (Key(ABLATED, case, seed) for seed in range(1, seeds) for case in CASES)
    yield from (Key(LAYERED, case, seed) for seed in range(seeds) for case in LAYERS)


def run(key: Key, epochs: int | None = None) -> dict[str, Any]:
    """Train a case on a mix: scores of the test part of each panel, by assay, and what it took."""
    rounds = {} if epochs is None else {"epochs": epochs, "patience": epochs}
    towers, cases = (HIDDEN_TOWERS, LAYERS) if key.mix == LAYERED else ({}, CASES)
    settings = {**SETTINGS, **towers, **rounds, "split": SPLIT, "seed": key.seed}
    panels = {name: (panel, settings) for name, panel in mixed(key.mix, key.seed).items()}
    # Molecules that another panel tests are left out already.
    config = {"sharing": cases[key.case], "seed": key.seed, "apart": False}
    spent = time.process_time()
    found = train_together(panels, config=config)
    return {
        **key._asdict(),
        "cpu_seconds": round(time.process_time() - spent, 1),
        "panels": {name: _scores(found, name) for name in panels},
        "shared": _shared(found.record["shared"]),
    }


def _scores(found: Together, name: str) -> dict[str, Any]:
    """Mean scores of a panel, and the one that counts of each of its assays."""
    metrics = found.models[name].metrics
    held, chosen = metrics["test"], metrics["valid"]["macro"]
    counts = next(metric for metric in COMPARED if metric in held["macro"])
    of_panel = found.record["panels"][name]
    return {
        "metric": counts,
        "macro": {metric: held["macro"][metric] for metric in SHOWN if metric in held["macro"]},
        "valid": chosen[counts],
        "tasks": {each["task"]: each.get(counts) for each in held["tasks"]},
        **{part: of_panel[part] for part in ("train", "steps_of_a_round", "best_epoch")},
    }


def _shared(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of the modules what the plots show."""
    if "modules" not in record:
        return {}
    modules = record["modules"]
    kept = ("locations", "used", "of_several_panels", "panels")
    settled = [
        [each["searched"], each["changed"], each["modules"]] for each in record["generations"]
    ]
    return {name: modules[name] for name in kept} | {"generations": settled}
