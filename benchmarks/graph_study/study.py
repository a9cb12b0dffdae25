"""One piece of work: a network, a mixture of trained networks, or a rival, on one dataset."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph_study.cases import MIXTURES, TRIALS, settings, shares
from benchmarks.harness.contenders import Contender, Contest, Options, chemprop, contested
from benchmarks.harness.datasets import sources
from benchmarks.harness.ledger import (
    CACHE,
    AssayScore,
    Entry,
    Key,
    Ledger,
    macro,
    macro_ap,
    make_entry,
)
from benchmarks.harness.networks import Trainer, n_parameters
from benchmarks.harness.provenance import provenance
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.splits import Split


class Study:
    """One dataset, at most so many rows of it fitted on, and what was done before.

    ``cache`` is a folder of trained networks, which mixtures are joined from.
    """

    def __init__(
        self,
        dataset: str,
        data: str | None,
        rows: int | None,
        ledger: Ledger,
        cache: Path = CACHE / "graph_study",
        options: Options = Options(),  # noqa: B008
    ) -> None:
        self.dataset, self.rows, self.ledger, self.cache = dataset, rows, ledger, cache
        self.options = options
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

    def rival(self, name: str, seed: int, contender: Contender, stage: str = "test") -> Entry:
        """A model of another library."""
        source = self.source
        parts = Split(self.trainer.fit_rows, source.valid, source.test, len(source.panel))
        data = Contest(f"{self.dataset}-{name}", source.panel, parts, source.about)
        key = self.key(name, seed, stage)
        return contested(self.ledger, key, contender, data, self.options)

    def chemprop(self, seed: int, trial: str = "default") -> Entry:
        """Chemprop with the options of a trial."""
        name = "chemprop" if trial == "default" else f"chemprop {trial}"
        stage = "test" if trial == "default" else "trial"
        return self.rival(name, seed, partial(chemprop, more=TRIALS[trial]), stage)

    def chosen_chemprop(self, name: str, seed: int, tried: Sequence[str], first: int) -> Entry:
        """Chemprop with the best of some options by validation rows with the first seed."""
        if done := self.ledger.get(self.key(name, seed)):
            return done
        best = tried[0]
        if len(tried) > 1:
            found = {each: self.chemprop(first, each) for each in tried}
            best = max(tried, key=lambda each: float(found[each].notes["valid_ap"]))
        entry = self.chemprop(seed, best)
        notes = entry.notes | {"chosen": best, "trials": len(tried)}
        return self.ledger.add(replace(entry, rival=name, stage="test", notes=notes))

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
