"""The study: ways of sharing on mixes of real panels; what is done is kept, and not done again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from benchmarks.muir.panels import CASES, MIXES, mixed
from benchmarks.muir.synthetic import RandomChoice
from bioassay_mtl.nn.network import Network
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.together.fit import Together, train_together
from bioassay_mtl.training.together.muir import JoinedModules, SharedModules
from bioassay_mtl.training.together.sharing import Joined, sharings

MAIN = ("none", "trunk", "muir", "adapters", "mmoeex")
"""Of the cases the questions are; the others say what a part of modules is worth."""
ABLATED = "tox21 300"
"""The mix on which parts of modules are left out."""
LAYERED = "tox21 300, hidden towers"
"""The same, with another network: which layers are made of modules."""
COMPARED = ("average_precision", "spearman")
"""Of a panel's scores the first of these that it has: more is better."""
SHOWN = (*COMPARED, "roc_auc", "rmse")


@sharings.register("muir_random")
class RandomModules(SharedModules):
    """Modules whose use chance decides: does the search find anything?"""

    kind: Literal["muir_random"] = "muir_random"  # type: ignore[assignment]

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        return JoinedModules(self, networks, seed, RandomChoice)


class Key(NamedTuple):
    """A run."""

    mix: str
    case: str
    seed: int

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Key:
        return cls(result["mix"], result["case"], result["seed"])


def plan(seeds: int) -> Iterator[Key]:
    """All runs, in an order whose beginning can be published: all ways of sharing first."""
    more = [case for case in CASES["cases"] if case not in MAIN]
    runs = [(mix, case) for mix in MIXES for case in MAIN]
    runs += [(ABLATED, case) for case in more] + [(LAYERED, case) for case in CASES["layers"]]
    yield from (Key(mix, case, seed) for seed in range(seeds) for mix, case in runs)


def run(key: Key, epochs: int | None = None) -> dict[str, Any]:
    """Train a case on a mix: scores of the test part of each panel, by assay, and what it took."""
    settings, cases = {**CASES["settings"], "seed": key.seed}, CASES["cases"]
    if key.mix == LAYERED:
        settings["network"] = settings["network"] | {"tower": CASES["hidden_tower"]}
        cases = CASES["layers"]
    if epochs is not None:
        settings |= {"epochs": epochs, "patience": epochs}
    panels = {name: (panel, settings) for name, panel in mixed(key.mix, key.seed).items()}
    # Molecules that another panel tests are left out already.
    config = {"sharing": cases[key.case], "seed": key.seed, "apart": False}
    found = train_together(panels, config=config)
    return {**key._asdict(), "panels": {name: _scores(found, name) for name in panels}}


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
