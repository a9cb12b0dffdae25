"""One piece of work: a network, a mixture of trained networks, or a rival, on one dataset."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph_study.cases import MIXTURES, TRIALS, settings, shares
from benchmarks.harness import per_assay
from benchmarks.harness.chemprop_program import fit_chemprop
from benchmarks.harness.datasets import sources
from benchmarks.harness.deepchem_networks import D_MPNN, d_mpnn_graphs, fit_d_mpnn
from benchmarks.harness.inputs import counts
from benchmarks.harness.ledger import CACHE, Entry, Key, Ledger, make_entry
from benchmarks.harness.networks import Trainer, n_parameters
from benchmarks.harness.provenance import provenance
from benchmarks.harness.scores import AssayScore, macro, macro_ap, score_all, score_assay
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.splits import Split


class Study:
    """One dataset, and what was done before.

    Parameters
    ----------
    dataset
        Name of a source.
    data
        The folder, or None for where it is looked for.
    rows
        At most so many rows are fitted on; None for all.
    ledger
        Finished work; a piece that is there is not done again.
    cache
        Folder of trained networks, which mixtures are joined from.
    """

    def __init__(
        self,
        dataset: str,
        data: str | None,
        rows: int | None,
        ledger: Ledger,
        cache: Path = CACHE / "graph_study",
    ) -> None:
        self.dataset, self.rows, self.ledger, self.cache = dataset, rows, ledger, cache
        self.trainer = Trainer(sources[dataset](data), rows)
        self.source = self.trainer.source

    def network(self, name: str, seed: int) -> Entry:
        """A network of one kind of experts, stopped on the validation rows."""
        key = self.key(name, seed)
        if (done := self.ledger.get(key)) and self.folder_of(name, seed).exists():
            return done
        fit, source, chosen = self.trainer.fit_rows, self.source, settings(name, seed)
        fitted = self.trainer.fit(chosen, fit, source.valid, name)
        model = fitted.model
        model.save(self.folder_of(name, seed), overwrite=True)
        n_epochs = len(model.training["history"])
        return self.keep(
            key,
            self.trainer.scores(model, source.test),
            fitted.seconds,
            settings=chosen,
            valid_ap=round(macro(self.trainer.scores(model, source.valid)).ap, 5),
            parameters=n_parameters(model),
            cpu_seconds=round(fitted.cpu_seconds, 1),
            molecules_per_second=round(n_epochs * len(fit) / fitted.cpu_seconds),
            epochs=n_epochs,
            best_epoch=model.training["best_epoch"],
        )

    def mixture(self, name: str, seed: int) -> Entry:
        """Trained networks joined, with the shares that are best on the validation rows."""
        key, start = self.key(name, seed), time.perf_counter()
        if (done := self.ledger.get(key)) and self.folder_of(name, seed).exists():
            return done
        members = []
        for member in MIXTURES[name]:
            self.network(member, seed)
            members.append(Model.load(self.folder_of(member, seed)))
        # Outputs of a mixture are sums of logits: they need not be computed for each share anew.
        logits = [self._logits(each) for each in members]

        def valid_ap(share: tuple[float, ...]) -> float:
            return self.valid_ap(np.einsum("e,ent->nt", share, logits))

        best = max(shares(len(members)), key=valid_ap)
        model = join(members, best, name=name)
        model.save(self.folder_of(name, seed), overwrite=True)
        return self.keep(
            key,
            self.trainer.scores(model, self.source.test),
            time.perf_counter() - start,
            settings={"members": MIXTURES[name], "shares": [round(w, 2) for w in best]},
            valid_ap=round(valid_ap(best), 5),
            parameters=n_parameters(model),
        )

    def _logits(self, model: Model) -> NDArray[np.float64]:
        p = self.trainer.predict(model, self.source.valid).astype(np.float64).clip(1e-7, 1 - 1e-7)
        return np.asarray(np.log(p) - np.log1p(-p))

    def forest(self, seed: int) -> Entry:
        """A random forest for each assay."""
        key, source = self.key("random forest", seed), self.source
        if done := self.ledger.get(key):
            return done
        model = per_assay.MODELS["random_forest"]
        start, cpu = time.perf_counter(), time.process_time()
        x, found = counts(source.smiles), {}
        rows = np.concatenate([self.trainer.fit_rows, source.valid])
        for task, labels in zip(source.panel.tasks, source.panel.labels.T, strict=True):
            new = source.test[labels[source.test] >= 0]
            guess = per_assay.predict_assay(model, x, labels, rows, new, seed=seed)
            if score := score_assay(labels[new], guess):
                found[task] = score
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return self.keep(key, found, seconds, settings=model.about, cpu_seconds=round(cpu, 1))

    def deepchem(self, seed: int) -> Entry:
        """DeepChem's directed message passing network, stopped on the validation rows."""
        key, panel = self.key("DeepChem D-MPNN", seed), self.source.panel
        if done := self.ledger.get(key):
            return done
        graphs = d_mpnn_graphs(self.source.smiles)
        start, cpu = time.perf_counter(), time.process_time()
        result = fit_d_mpnn(graphs, panel.labels, self.parts, self.valid_ap, seed)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return self.keep(
            key,
            score_all(panel.labels[self.source.test], result.test, panel.tasks),
            seconds,
            settings=D_MPNN,
            valid_ap=round(self.valid_ap(result.valid), 5),
            cpu_seconds=round(cpu, 1),
            molecules_per_second=round(result.epochs * len(self.trainer.fit_rows) / cpu),
            epochs=result.epochs,
            best_epoch=result.best_epoch,
        )

    def chemprop(self, seed: int, program: Path | None, trial: str = "default") -> Entry:
        """Chemprop's network through its own command line, with the options of a trial."""
        name = "chemprop" if trial == "default" else f"chemprop {trial}"
        key = self.key(name, seed, stage="test" if trial == "default" else "trial")
        if done := self.ledger.get(key):
            return done
        panel, start = self.source.panel, time.perf_counter()
        result = fit_chemprop(
            program,
            panel,
            self.parts,
            self.valid_ap,
            seed,
            name=f"{self.dataset}-{name}",
            options=TRIALS[trial],
        )
        return self.keep(
            key,
            score_all(panel.labels[self.source.test], result.test, panel.tasks),
            time.perf_counter() - start,
            settings=result.settings,
            valid_ap=round(result.valid_score, 5),
            **result.notes,
        )

    def chosen_chemprop(
        self, name: str, seed: int, tried: Sequence[str], first: int, program: Path | None
    ) -> Entry:
        """Chemprop with the best of some options by validation rows with the first seed."""
        if done := self.ledger.get(self.key(name, seed)):
            return done
        best = tried[0]
        if len(tried) > 1:
            found = {each: self.chemprop(first, program, each) for each in tried}
            best = max(tried, key=lambda each: float(found[each].notes["valid_ap"]))
        entry = self.chemprop(seed, program, best)
        scores = entry.scores
        notes = entry.notes | {"chosen": best, "trials": len(tried)}
        return self.keep(self.key(name, seed), scores, entry.seconds, **notes)

    @property
    def parts(self) -> Split:
        """To fit on, to stop on, to test on."""
        source = self.source
        return Split(self.trainer.fit_rows, source.valid, source.test, len(source.panel))

    def valid_ap(self, guess: NDArray[np.floating]) -> float:
        """Macro average precision of predictions of the validation rows."""
        return macro_ap(self.source.panel.labels[self.source.valid], guess, self.source.panel.tasks)

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
            "fit": len(self.trainer.fit_rows),
            "valid": len(self.source.valid),
            "test": len(self.source.test),
            "made_with": provenance(),
        }
        return self.ledger.add(make_entry(key, scores, seconds, notes | about))
