"""One piece of work: train with some settings, score the rows that the stage allows."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mixture_study.cases import COUNTS, Settings, training_settings
from benchmarks.rivals.evaluation import Evaluation, cut_holdout, load
from benchmarks.rivals.ledger import Entry, Ledger, make_entry
from benchmarks.rivals.scores import score_all
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig

HOLDOUT_SHARE = 0.2
NO_ROWS = np.array([], dtype=np.int64)


@dataclass
class Study:
    """One protocol: its rows, its features (made once), and what was done before.

    Parameters
    ----------
    protocol
        ``A``, ``B-random`` or ``B-scaffold``.
    folder
        The shared data.
    ledger
        Finished work; a piece that is there is not done again.
    """

    protocol: str
    folder: Path
    ledger: Ledger

    @cached_property
    def rows(self) -> Evaluation:
        """Rows of the protocol; where it has no validation part, 20 % of the training rows."""
        return load(self.protocol, self.folder)

    @cached_property
    def choice_rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows to fit and to choose on; test rows have no part in any choice."""
        rows = self.rows
        if self.protocol == "B-scaffold":
            return rows.fit, rows.valid
        return cut_holdout(rows.packed, rows.train, HOLDOUT_SHARE)

    @cached_property
    def _panels(self) -> dict[str, Panel]:
        return {}

    def panel(self, prints: dict[str, Any]) -> Panel:
        """The rows as a panel with the features of some fingerprints, computed once."""
        key = repr(sorted(prints.items()))
        if key not in self._panels:
            rows = self.rows
            smiles = None if rows.smiles is None else list(rows.smiles)
            if self.protocol == "A":
                blocks: dict[str, Any] = {"morgan": PackedBits(rows.packed, 1024)}
            else:
                known = self._known_blocks
                config = Featurizer.from_config({"fingerprints": prints}).config()["fingerprints"]
                blocks = {n: known[n] for n in prints if config[n] == self._known_config[n]}
            ids = [""] * len(rows.label)
            panel = Panel(smiles, blocks or None, rows.label, rows.tasks, ids)
            if set(blocks) != set(prints):
                computed = panel_features(panel, Featurizer.from_config({"fingerprints": prints}))
                panel = Panel(smiles, computed.blocks, rows.label, rows.tasks, ids)
            self._panels[key] = panel
        return self._panels[key]

    @cached_property
    def _known_config(self) -> dict[str, Any]:
        return dict(Featurizer.from_config({"fingerprints": COUNTS}).config()["fingerprints"])

    @cached_property
    def _known_blocks(self) -> dict[str, Any]:
        smiles = self.rows.smiles
        assert smiles is not None
        return Featurizer.from_config({"fingerprints": COUNTS})(smiles).blocks

    def fit(self, chosen: Settings, seed: int, fit_rows: NDArray[np.int64]) -> tuple[Model, Panel]:
        """Train on some rows for the fixed number of epochs."""
        settings = training_settings(self.protocol, self._with_groups(chosen), seed)
        panel = self.panel(settings["fingerprints"])
        parts = Split(np.sort(fit_rows), NO_ROWS, NO_ROWS, len(panel))
        return train(panel, TrainingConfig.of(settings), parts=parts), panel

    def run(self, stage: str, case: str, chosen: Settings, seed: int, n_members: int = 1) -> Entry:
        """Do one piece of work, or find it done.

        ``stage`` is ``test`` (fit on all training rows, score the test rows) or anything else (fit
        and score inside the training rows). With ``n_members``, probabilities are the mean over so
        many models of consecutive seeds.
        """
        key = (self.protocol, case, "", stage, seed, "all")
        done = self.ledger.get(key)
        if done is not None:
            return done
        fit, scored = self.choice_rows
        if stage == "test":
            fit, scored = self.rows.train, self.rows.test
        start = time.perf_counter()
        probabilities, size = [], 0
        for member in range(seed, seed + n_members):
            model, panel = self.fit(chosen, member, fit)
            probabilities.append(predict(model, panel, scored))
            size += n_parameters(model)
        seconds = time.perf_counter() - start
        mean = np.mean(probabilities, axis=0)
        scores = score_all(panel.labels[scored], mean, panel.tasks)
        notes = {"settings": chosen, "parameters": size}
        return self.ledger.add(make_entry(key, scores, seconds, notes))

    def _with_groups(self, chosen: Settings) -> Settings:
        """Fill in the groups of assays that ``connections: {kind: groups}`` stands for."""
        if chosen.get("connections", {}).get("kind") != "groups":
            return chosen
        groups = {}
        with (self.folder / "pcba" / "assay_annotations.csv").open(newline="") as stream:
            for row in csv.DictReader(stream):
                if row["target_class"]:
                    groups[row["task"]] = row["target_class"].split(";")[0].strip()
        most = sorted(set(groups.values()), key=lambda g: -list(groups.values()).count(g))[:2]
        groups = {task: group for task, group in groups.items() if group in most}
        return chosen | {"connections": chosen["connections"] | {"groups": groups}}


def predict(model: Model, panel: Panel, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Probabilities of some rows."""
    assert panel.features is not None
    names = model.featurizer.n_features
    return model.predict_features(
        {n: b.take(rows) for n, b in panel.features.items() if n in names}
    )


def n_parameters(model: Model) -> int:
    """Number of trained weights."""
    return sum(parameter.numel() for parameter in model.network.parameters())
