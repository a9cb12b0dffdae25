"""Networks of this package on the rows of a source, with features made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.datasets import NO_ROWS, Rows, Source
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig


@dataclass
class Trainer:
    """Trains on a source, and predicts its rows."""

    source: Source
    _blocks: dict[str, Any] = field(default_factory=dict)

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
        return panel.changed(features={name: self._blocks[key] for name, key in keys.items()})

    def fit(self, settings: Mapping[str, Any], rows: Rows, valid: Rows = NO_ROWS) -> Model:
        """A model of some rows, stopped on others where there are any."""
        config = TrainingConfig.of(dict(settings))
        panel = self.panel(config.fingerprints)
        return train(panel, config, parts=Split(rows, valid, NO_ROWS, len(panel)))

    def predict(self, model: Model, rows: Rows) -> NDArray[np.float32]:
        """Probabilities (n, T) of some rows."""
        features = self.panel(model.featurizer.config()["fingerprints"]).features or {}
        names = model.featurizer.n_features
        return model.predict_features({name: features[name].take(rows) for name in names})


def n_parameters(*models: Model) -> int:
    return sum(weights.numel() for model in models for weights in model.network.parameters())
