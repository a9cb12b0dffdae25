"""Networks of this package on the rows of a source, with features made once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.datasets import NO_ROWS, Rows, Source, cut
from benchmarks.harness.ledger import AssayScore, score_all
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig


@dataclass(frozen=True)
class Fitted:
    """A trained model, and seconds by the clock and of the processor."""

    model: Model
    seconds: float
    cpu_seconds: float


@dataclass
class Trainer:
    """Trains and scores on a source, of which at most so many rows are fitted on."""

    source: Source
    rows: int | None = None

    @cached_property
    def fit_rows(self) -> Rows:
        """Those that are used."""
        return cut(self.source, self.rows)

    @cached_property
    def _blocks(self) -> dict[str, Any]:
        return {}

    def panel(self, inputs: Mapping[str, Any]) -> Panel:
        """The panel with these inputs; none is computed twice."""
        panel = self.source.panel
        if panel.structures is None:
            return panel
        config = Featurizer.from_config({"fingerprints": dict(inputs)}).config()["fingerprints"]
        keys = {name: f"{name} {how}" for name, how in config.items()}
        missing = {name: inputs[name] for name, key in keys.items() if key not in self._blocks}
        if missing:
            made = panel_features(panel, Featurizer.from_config({"fingerprints": missing})).blocks
            self._blocks.update({keys[name]: block for name, block in made.items()})
        blocks = {name: self._blocks[key] for name, key in keys.items()}
        return Panel(panel.structures, blocks, panel.labels, panel.tasks, panel.ids)

    def fit(
        self, settings: Mapping[str, Any], rows: Rows, valid: Rows = NO_ROWS, name: str = "study"
    ) -> Fitted:
        """Train on some rows, stopped on others where there are any."""
        config = TrainingConfig.of(dict(settings))
        panel = self.panel(config.fingerprints)
        start, cpu = time.perf_counter(), time.process_time()
        model = train(panel, config, parts=Split(rows, valid, NO_ROWS, len(panel)), name=name)
        return Fitted(model, time.perf_counter() - start, time.process_time() - cpu)

    def predict(self, model: Model, rows: Rows) -> NDArray[np.float32]:
        """Probabilities (n, T) of some rows."""
        features = self.panel(model.featurizer.config()["fingerprints"]).features or {}
        names = model.featurizer.n_features
        return model.predict_features({name: features[name].take(rows) for name in names})

    def scores(self, model: Model, rows: Rows) -> dict[str, AssayScore]:
        """Of each assay on some rows."""
        panel = self.source.panel
        return score_all(panel.labels[rows], self.predict(model, rows), panel.tasks)


def n_parameters(model: Model) -> int:
    """Number of trained weights."""
    return sum(parameter.numel() for parameter in model.network.parameters())
