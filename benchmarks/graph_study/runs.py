"""One piece of work: a network, or a mixture of trained networks, on one dataset."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph_study.cases import MIXTURES, settings, shares
from benchmarks.mixture_study.runs import NO_ROWS, n_parameters
from benchmarks.mtl_study.datasets import Source, cut, sources
from benchmarks.rivals.ledger import Entry, Ledger, make_entry
from benchmarks.rivals.provenance import provenance
from benchmarks.rivals.scores import AssayScore, macro, score_all
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig

Key = tuple[str, str, str, str, int, str]


@dataclass
class Study:
    """One dataset, and what was done before.

    Parameters
    ----------
    dataset
        Name of a source of :mod:`benchmarks.mtl_study.datasets`.
    folder
        The data, or None for where they are looked for.
    rows
        At most so many rows are fitted on; None for all.
    ledger
        Finished work; a piece that is there is not done again.
    cache
        Folder of trained networks, which mixtures are joined from.
    """

    dataset: str
    folder: str | None
    rows: int | None
    ledger: Ledger
    cache: Path

    @cached_property
    def source(self) -> Source:
        """Rows to fit on, to choose on, and to test on."""
        return sources[self.dataset](self.folder)

    @cached_property
    def fit_rows(self) -> NDArray[np.int64]:
        """Those that are used."""
        return cut(self.source, self.rows)

    def network(self, name: str, seed: int) -> Entry:
        """A network of one kind of experts, stopped on the validation rows."""
        key = self.key(name, seed)
        if (done := self.ledger.get(key)) and self.folder_of(name, seed).exists():
            return done
        source = self.source
        chosen = settings(name, seed)
        panel = self.with_features(chosen["fingerprints"])
        parts = Split(self.fit_rows, source.valid, NO_ROWS, len(panel))
        start, cpu = time.perf_counter(), time.process_time()
        model = train(panel, TrainingConfig.of(chosen), parts=parts, name=name)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        model.save(self.folder_of(name, seed), overwrite=True)
        n_epochs = len(model.training["history"])
        return self.keep(
            key,
            self._scores(model, panel, source.test),
            seconds,
            settings=chosen,
            valid_ap=self._valid_ap(model, panel),
            parameters=n_parameters(model),
            cpu_seconds=round(cpu, 1),
            molecules_per_second=round(n_epochs * len(self.fit_rows) / cpu),
            epochs=n_epochs,
            best_epoch=model.training["best_epoch"],
        )

    def mixture(self, name: str, seed: int) -> Entry:
        """Trained networks joined, with the shares that are best on the validation rows."""
        key = self.key(name, seed)
        if (done := self.ledger.get(key)) and self.folder_of(name, seed).exists():
            return done
        source, members = self.source, []
        for member in MIXTURES[name]:
            self.network(member, seed)
            members.append(Model.load(self.folder_of(member, seed)))
        prints = {n: f for m in members for n, f in settings(m.name, seed)["fingerprints"].items()}
        panel = self.with_features(prints)
        start = time.perf_counter()
        # Outputs of a mixture are sums of logits: they need not be computed for each share anew.
        logits = [_logits(m, panel, source.valid) for m in members]
        labels, tasks = panel.labels[source.valid], panel.tasks

        def valid_ap(share: tuple[float, ...]) -> float:
            mixed = sum(w * part for w, part in zip(share, logits, strict=True))
            return macro(score_all(labels, np.asarray(mixed), tasks)).ap

        best = max(shares(len(members)), key=valid_ap)
        model = join(members, best, name=name)
        model.save(self.folder_of(name, seed), overwrite=True)
        return self.keep(
            key,
            self._scores(model, panel, source.test),
            time.perf_counter() - start,
            settings={"members": MIXTURES[name], "shares": [round(w, 2) for w in best]},
            valid_ap=round(valid_ap(best), 5),
            parameters=n_parameters(model),
        )

    def with_features(self, prints: dict[str, Any]) -> Panel:
        """The panel with these inputs; none is computed twice."""
        panel = self.source.panel
        known = self._blocks
        for name, how in prints.items():
            if name not in known:
                bare = Panel(panel.structures, None, panel.labels, panel.tasks, panel.ids)
                featurizer = Featurizer.from_config({"fingerprints": {name: how}})
                known |= panel_features(bare, featurizer).blocks
        blocks = {name: known[name] for name in prints}
        return Panel(panel.structures, blocks, panel.labels, panel.tasks, panel.ids)

    @cached_property
    def _blocks(self) -> dict[str, Any]:
        return {}

    def _scores(self, model: Model, panel: Panel, rows: NDArray[np.int64]) -> dict[str, AssayScore]:
        return score_all(panel.labels[rows], _predict(model, panel, rows), panel.tasks)

    def _valid_ap(self, model: Model, panel: Panel) -> float:
        return round(macro(self._scores(model, panel, self.source.valid)).ap, 5)

    def folder_of(self, name: str, seed: int) -> Path:
        """Of a trained network, or of a mixture."""
        return self.cache / f"{self.dataset}-{name.replace(' ', '')}-{seed}"

    def key(self, name: str, seed: int, stage: str = "test") -> Key:
        """Of a piece of work, in the ledger."""
        return (self.dataset, name, str(self.rows or "all"), stage, seed, "all")

    def keep(self, key: Key, scores: dict[str, AssayScore], seconds: float, **notes: Any) -> Entry:
        """Put a finished piece of work into the ledger."""
        about = {
            "about": self.source.about,
            "fit": len(self.fit_rows),
            "valid": len(self.source.valid),
            "test": len(self.source.test),
            "made_with": provenance(),
        }
        return self.ledger.add(make_entry(key, scores, seconds, notes | about))


def _predict(model: Model, panel: Panel, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    assert panel.features is not None
    names = model.featurizer.n_features
    blocks = {name: panel.features[name].take(rows) for name in names}
    return model.predict_features(blocks)


def _logits(model: Model, panel: Panel, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    p = np.clip(_predict(model, panel, rows).astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p) - np.log1p(-p))
