"""One piece of work: a network, a mixture of trained networks, or a rival, on one dataset."""

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
from benchmarks.rivals import chemprop_program, features
from benchmarks.rivals.evaluation import Evaluation
from benchmarks.rivals.ledger import Entry, Ledger, make_entry
from benchmarks.rivals.per_assay import RIVALS, cap_inactives, predict_assay
from benchmarks.rivals.provenance import provenance
from benchmarks.rivals.scores import AssayScore, macro, score_all, score_assay
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.data.panel import Panel
from bioassay_mtl.data.splits import Split
from bioassay_mtl.nn.ensemble import join
from bioassay_mtl.nn.model import Model
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.fit import panel_features

FOREST_INACTIVES = 5000
CHEMPROP_EPOCHS = 25
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
        key = self._key(name, seed)
        if (done := self.ledger.get(key)) and self.folder_of(name, seed).exists():
            return done
        source = self.source
        chosen = settings(name, seed)
        panel = self._with_features(chosen["fingerprints"])
        parts = Split(self.fit_rows, source.valid, NO_ROWS, len(panel))
        start, cpu = time.perf_counter(), time.process_time()
        model = train(panel, TrainingConfig.of(chosen), parts=parts, name=name)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        model.save(self.folder_of(name, seed), overwrite=True)
        n_epochs = len(model.training["history"])
        return self._keep(
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
        key = self._key(name, seed)
        if (done := self.ledger.get(key)) and self.folder_of(name, seed).exists():
            return done
        source, members = self.source, []
        for member in MIXTURES[name]:
            self.network(member, seed)
            members.append(Model.load(self.folder_of(member, seed)))
        prints = {n: f for m in members for n, f in settings(m.name, seed)["fingerprints"].items()}
        panel = self._with_features(prints)
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
        return self._keep(
            key,
            self._scores(model, panel, source.test),
            time.perf_counter() - start,
            settings={"members": MIXTURES[name], "shares": [round(w, 2) for w in best]},
            valid_ap=round(valid_ap(best), 5),
            parameters=n_parameters(model),
        )

    def forest(self, seed: int) -> Entry:
        """A random forest for each assay."""
        key = self._key("random forest", seed)
        if done := self.ledger.get(key):
            return done
        rival = cap_inactives(RIVALS["random_forest"], FOREST_INACTIVES)
        source, start, cpu = self.source, time.perf_counter(), time.process_time()
        x = features.counts(tuple(source.panel.structures or ()))
        found: dict[str, AssayScore] = {}
        for index, task in enumerate(source.panel.tasks):
            labels = source.panel.labels[:, index]
            new = source.test[labels[source.test] >= 0]
            rows = np.concatenate([self.fit_rows, source.valid])
            guess = predict_assay(rival, x, labels, rows, new, seed, quick=False)
            if score := score_assay(labels[new], guess):
                found[task] = score
        return self._keep(
            key,
            found,
            time.perf_counter() - start,
            settings=rival.settings,
            cpu_seconds=round(time.process_time() - cpu, 1),
        )

    def chemprop(self, seed: int, program: Path) -> Entry:
        """Chemprop's default network through its own command line."""
        key = self._key("chemprop", seed)
        if done := self.ledger.get(key):
            return done
        source = self.source
        panel, start = source.panel, time.perf_counter()
        rows = Evaluation(
            self.dataset,
            panel.tasks,
            np.zeros((0, 0), dtype=np.uint8),
            panel.labels,
            tuple(panel.structures or ()),
            self.fit_rows,
            self.fit_rows,
            source.valid,
            source.test,
        )
        scratch = self.cache / f"{self.dataset}-chemprop-{seed}"
        result = chemprop_program.fit_program(
            program, rows, scratch, seed, CHEMPROP_EPOCHS, minutes=120.0
        )
        return self._keep(
            key,
            score_all(panel.labels[source.test], result.test, panel.tasks),
            time.perf_counter() - start,
            settings=chemprop_program.settings(CHEMPROP_EPOCHS),
            valid_ap=round(result.valid_score.ap, 5),
            **result.notes,
        )

    def _with_features(self, prints: dict[str, Any]) -> Panel:
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

    def _key(self, name: str, seed: int) -> Key:
        return (self.dataset, name, str(self.rows or "all"), "test", seed, "all")

    def _keep(self, key: Key, scores: dict[str, AssayScore], seconds: float, **notes: Any) -> Entry:
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
