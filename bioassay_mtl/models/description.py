"""Description of a model before its network is there: the whole of it but the weights."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.models.companions import Beside
from bioassay_mtl.renamed import attribute
from bioassay_mtl.tasks.kinds import TaskKind, columns_of, complete
from bioassay_mtl.tasks.target_scaling import TargetScaler

if TYPE_CHECKING:
    from bioassay_mtl.confidence.calibration import Calibration
    from bioassay_mtl.confidence.evidence import Evidence
    from bioassay_mtl.models.assay_sheet import AssaySheet
    from bioassay_mtl.tasks.limits import Limits


@dataclass(kw_only=True, repr=False)
class ModelDescription:
    """Description of a model: what it reads and predicts, and what it learned from.

    Parameters
    ----------
    featurizer
        Turns structures into the network's inputs.
    tasks
        Names of the assays, in the order of the outputs.
    label_counts
        ``active`` and ``inactive``: measured cells per task among the rows it was trained on. With
        tasks that are not binary also ``measured``, and ``classes``: cells by class, by task name.
    annotations
        Facts of an assay beyond its name, such as ``{"PCBA-1030": {"target_class": ...}}``.
    name
        Name by which users call it.
    training
        Settings, data hash and split that it was trained with.
    kinds
        Kind of each task; all binary where none are given.
    target_scaler
        Scaler of the values, undone in predictions; None where all tasks are binary.
    training_molecules
        Molecules that it was trained on, or that chose its epoch; None where they are not known.
    beside
        Companions by their names (:mod:`bioassay_mtl.models.companions`).
    """

    featurizer: Featurizer
    tasks: tuple[str, ...]
    label_counts: dict[str, Any]
    annotations: dict[str, dict[str, str]] = field(default_factory=dict)
    name: str = "model"
    training: dict[str, Any] = field(default_factory=dict)
    kinds: tuple[TaskKind, ...] = ()
    target_scaler: TargetScaler | None = None
    training_molecules: TrainingMolecules | None = None
    beside: MutableMapping[str, Any] = field(default_factory=Beside)

    standardisation = attribute("standardisation", "target_scaler")

    def __post_init__(self) -> None:
        self.beside = Beside(self.beside)
        self.kinds = complete(self.kinds, len(self.tasks))

    @property
    def sheet(self) -> AssaySheet:
        """Sheet of the assays, and of how far to trust the model in each."""
        from bioassay_mtl.models.sheet_making import sheet_for

        return sheet_for(self)

    @property
    def calibration(self) -> Calibration | None:
        """Calibration of probabilities; None where they are the network's own."""
        return self.beside.get("calibration")

    @property
    def evidence(self) -> Evidence | None:
        """Evidence of predictions for molecules out of sight; None where it is not known."""
        return self.beside.get("evidence")

    @property
    def limits(self) -> Limits | None:
        """The least and the most that values can be; None where there are none."""
        return self.beside.get("limits")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the predicted columns.

        The task's name for a binary task (probability of activity) or a value (in its own unit),
        ``task[class]`` for each class of a multiclass or ordinal task (probability).
        """
        return columns_of(self.tasks, self.kinds)


def own_features(model: ModelDescription, features: Features) -> Features:
    """Those of several features that a model reads."""
    if len(features.blocks) == len(model.featurizer.fingerprints):
        return features
    own = {name: features.blocks[name] for name in model.featurizer.fingerprints}
    return replace(features, blocks=own)


class Predictor(ModelDescription):
    """A described model that predicts."""

    def prepare(self) -> None:
        """Load what is not loaded yet, in the background."""

    def predict_features(self, features: Features, calibrated: bool = True) -> NDArray[np.float32]:
        """Predictions ``(n, n_columns) float32``, NaN where the status is not ok."""
        raise NotImplementedError

    def spread_features(self, features: Features, calibrated: bool = True) -> NDArray[np.float32]:
        """Spread of the experts, ``(n, n_columns) float32``; NaN where it is not known."""
        raise NotImplementedError
