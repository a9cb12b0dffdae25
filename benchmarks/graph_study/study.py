"""One piece of work: a network, a mixture of trained networks, or a rival, on one dataset."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph_study.cases import MIXTURES, MODELS, TRIALS, settings, shares
from benchmarks.harness.chemprop_program import chemprop
from benchmarks.harness.contenders import FOREST, Contender, Options, contested
from benchmarks.harness.datasets import NO_ROWS, sources
from benchmarks.harness.deepchem_networks import d_mpnn
from benchmarks.harness.ledger import CACHE, Entry, Key, Ledger
from benchmarks.harness.networks import Trainer, n_parameters
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train

RIVALS: dict[str, Contender] = {
    "random forest": FOREST,
    "DeepChem D-MPNN": d_mpnn,
    **{name: partial(chemprop, more=options) for name, options in TRIALS.items()},
}


@dataclass
class Study:
    """One dataset, at most so many rows of it fitted on, and what was done before.

    ``cache`` is a folder of trained networks, which mixtures are joined from.
    """

    dataset: str
    rows: int | None
    ledger: Ledger
    cache: Path = CACHE / "graph_study"
    chemprop: Path | None = None

    def __post_init__(self) -> None:
        self.source = sources[self.dataset]().compact(self.rows)
        self.trainer = Trainer(self.source)

    def entry(self, name: str, seed: int) -> Entry:
        """A piece of work by its name."""
        key = (self.dataset, name, str(self.rows or "all"), "test", seed, "all")
        if name in RIVALS:
            data = replace(self.source, name=f"{self.dataset}-{name}")
            return contested(self.ledger, key, RIVALS[name], data, Options(self.chemprop))
        for member in MIXTURES.get(name, ()):  # before the time is taken
            self.entry(member, seed)
        if not self.folder_of(name, seed).exists():
            self.ledger.entries.pop(key, None)
        work = self._network if name in MODELS else self._mixture
        return self.ledger.once(key, partial(work, key, name, seed))

    def _network(self, key: Key, name: str, seed: int) -> Entry:
        """A network of one kind of experts, stopped on the validation rows."""
        source, chosen, start = self.source, settings(name, seed), {}
        if "start_from" in chosen:
            start = {"start_from": str(self.pretrained(chosen["start_from"]))}
        cpu = time.process_time()
        model = self.trainer.fit(chosen | start, source.fit, source.valid)
        cpu = time.process_time() - cpu
        epochs = len(model.training["history"])
        more = {"cpu_seconds": round(cpu, 1), "epochs": epochs}
        more["molecules_per_second"] = round(epochs * len(source.fit) / cpu)
        more["best_epoch"] = model.training["best_epoch"]
        return self._kept(model, key, name, seed, settings=chosen, **more)

    def pretrained(self, name: str) -> Path:
        """Folder of a network of all PCBA molecules that are none of this panel."""
        folder = self.folder_of(f"{name} of PCBA", 0)
        if not folder.exists():
            panel = sources["pcba"]().panel
            held = TrainingMolecules.of(self.source.smiles).hold(panel.structures or [])
            known = panel.take(np.flatnonzero(~np.asarray(held)))
            rows = np.arange(len(known))
            parts = Split(rows, NO_ROWS, NO_ROWS, len(rows))
            train(known, settings(name, 0), parts=parts).save(folder)
        return folder

    def _mixture(self, key: Key, name: str, seed: int) -> Entry:
        """Trained networks joined, with the shares that are best on the validation rows."""
        members = [Model.load(self.folder_of(member, seed)) for member in MIXTURES[name]]
        # Outputs of a mixture are sums of logits: they need not be computed for each share anew.
        logits = [self._logits(each) for each in members]

        def valid_ap(share: tuple[float, ...]) -> float:
            return self.source.valid_score(np.einsum("e,ent->nt", share, logits))

        best = max(shares(len(members)), key=valid_ap)
        chosen = {"members": MIXTURES[name], "shares": [round(share, 2) for share in best]}
        return self._kept(join(members, best, name=name), key, name, seed, settings=chosen)

    def _kept(self, model: Model, key: Key, name: str, seed: int, **notes: Any) -> Entry:
        """Put a model into the cache, and score it."""
        model.save(self.folder_of(name, seed), overwrite=True)
        valid, test = (
            self.trainer.predict(model, r) for r in (self.source.valid, self.source.test)
        )
        notes |= {"valid_ap": round(self.source.valid_score(valid), 5)}
        notes |= {"parameters": n_parameters(model)}
        return self.source.scored(key, test, **notes)

    def _logits(self, model: Model) -> NDArray[np.float64]:
        p = self.trainer.predict(model, self.source.valid).astype(np.float64).clip(1e-7, 1 - 1e-7)
        return np.asarray(np.log(p) - np.log1p(-p))

    def folder_of(self, name: str, seed: int) -> Path:
        return self.cache / f"{self.dataset}-{name.replace(' ', '')}-{seed}"
