"""Evidence for a model's report: its predictions beside what was measured."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import InputError
from bioassay_mtl.metrics import Evaluation, evaluate
from bioassay_mtl.metrics.cells import by_task, predicted_columns
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report.compared import Compared, selected

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import Assay
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.splits import Split
    from bioassay_mtl.training.cross_validation import CrossValidation

SAMPLE = 256
Role = Literal["new", "graded", "chose", "trained"]


class Judged(NamedTuple):
    """The m measured cells of a task beside what was predicted.

    Attributes
    ----------
    rows
        ``(m,)`` of the panel.
    labels
        ``(m,) float32``.
    bounds
        ``(m,) int8``.
    predictions
        ``(m, c) float32``, as many columns as the task has.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.float32]
    bounds: NDArray[np.int8]
    predictions: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A model's predictions beside measured outcomes.

    Parameters
    ----------
    model
        Model that is reported on.
    panel
        The n molecules that were predicted, with T of the model's assays.
    predictions
        ``(n, C) float32``: columns of the panel's tasks, one for each task that has no classes. Or
        ``(P,)``, those of the measured cells alone (:func:`predicted_columns`).
    rows
        Name of these molecules: ``test of panel.csv``.
    evaluation
        Metrics that were computed already; None to compute them.
    left_out
        Molecules that could not be predicted.
    n_bootstrap, seed
        Number of resamples and seed of the intervals, where they have to be computed.
    sample
        Features of some of the molecules (:func:`sample_of`), to look at experts with.
    at
        ``(n,)``: their rows in the panel that they were taken from; None where that is not known.
    role
        Role of these rows for the model: ``new`` ones, those that it was ``graded`` by when it was
        made, those that ``chose`` its epoch, or those that it was ``trained`` on.
    n_known
        Number of the new molecules that the model was trained on after all.
    baseline
        Scores of a quick baseline on the same rows; None where there is none.
    why_none
        Reason why there is no baseline, in words; empty where none was asked for.
    """

    model: Model
    panel: Panel
    predictions: NDArray[np.float32]
    rows: str = ""
    evaluation: Evaluation | None = None
    left_out: int = 0
    n_bootstrap: int = 200
    seed: int = 0
    sample: Features | None = None
    at: NDArray[np.int64] | None = None
    role: Role = "new"
    n_known: int = 0
    baseline: Compared | None = None
    why_none: str = ""

    @cached_property
    def found(self) -> Evaluation:
        """Metrics of the panel's tasks."""
        return self.evaluation or evaluate(
            self.panel.cells,
            self.predictions,
            self.panel.tasks,
            kinds=self.panel.kinds,
            n_bootstrap=self.n_bootstrap,
            seed=self.seed,
        )

    def of_kind(self, kind: str) -> Evidence:
        """The part of it that tasks of a kind make."""
        chosen = np.array([each.kind == kind for each in self.panel.kinds])
        if chosen.all():
            return self
        columns = np.repeat(chosen, [len(each.columns("")) for each in self.panel.kinds])
        at = self._columns if self.predictions.ndim == 1 else slice(None)
        return replace(
            self,
            panel=self.panel.select_tasks(list(np.array(self.panel.tasks, dtype=object)[chosen])),
            predictions=self.predictions[..., columns[at]],
            evaluation=selected(self.found, chosen, kind),
            baseline=self.baseline and self.baseline.of_kind(chosen, kind),
        )

    def judged(self, task: int) -> Judged:
        """The measured cells of a task, and their predictions."""
        return self._judged[task]

    @cached_property
    def _judged(self) -> list[Judged]:
        cells, predictions = self.panel.cells, self.predictions
        if predictions.ndim == 2:
            rows, columns, _ = predicted_columns(cells, self.panel.kinds)
            predictions = predictions[rows, columns]
        return [
            Judged(
                rows, values, np.zeros(len(rows), np.int8) if bounds is None else bounds, predicted
            )
            for (rows, values, bounds), predicted in by_task(cells, predictions, self.panel.kinds)
        ]

    @property
    def _columns(self) -> NDArray[np.int64]:
        return predicted_columns(self.panel.cells, self.panel.kinds)[1]

    @cached_property
    def sheet(self) -> list[Assay]:
        """Sheet of the panel's tasks."""
        return self.model.sheet.of(self.panel.tasks)


def gather(
    model: Model,
    panel: Panel,
    *,
    rows: str = "",
    workers: int = 1,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> Evidence:
    """Predict a panel.

    Parameters
    ----------
    model
        Model that predicts.
    panel
        Molecules with outcomes in some of its assays.
    rows
        Name of the molecules, for people to read.
    workers
        Processes that featurize.
    n_bootstrap, seed
        Resamples of the molecules for intervals, and their seed.

    Raises
    ------
    InputError
        The panel holds none of the model's assays, or means something else by one, or no molecule
        can be read.
    """
    from bioassay_mtl.models.evaluation import predict_panel

    found = predict_panel(model, panel, workers)
    return Evidence(
        model,
        found.panel,
        found.predictions,
        rows=rows,
        left_out=int((~found.features.ok).sum()),
        n_bootstrap=n_bootstrap,
        seed=seed,
        sample=sample_of(found.features),
        at=np.flatnonzero(found.features.ok),
    )


def sample_of(features: Features) -> Features:
    """At most :data:`SAMPLE` of the molecules that have features, evenly spread."""
    rows = np.flatnonzero(features.ok)
    places = np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(int)
    return features.take(rows[places])


def held_out(model: Model, panel: Panel, parts: Split, *, workers: int = 1) -> Evidence:
    """Predict the rows of a panel that a model was not trained on.

    The rows are those of the test subset; without one those of the validation subset, which chose
    the best epoch; without that the training rows themselves, and `rows` says so.

    Parameters
    ----------
    model, panel, parts
        Model, and the panel and split that it was trained with.
    workers
        Processes that featurize.
    """
    said: tuple[tuple[NDArray[np.int64], str, Role], ...] = (
        (parts.test, "held-out test molecules", "graded"),
        (parts.valid, "validation molecules, which chose the best epoch", "chose"),
        (parts.train, "the training molecules themselves: no measure of quality", "trained"),
    )
    for part, name, role in said:
        if len(part):
            with suppress(InputError):  # none of them can be read: another part tells more
                found = gather(model, panel.take(part), rows=name, workers=workers)
                return replace(found, at=part[found.at], role=role)
    raise InputError("no molecule of the panel can be read", hint="check its SMILES")


def out_of_fold(found: CrossValidation) -> Evidence:
    """Predictions of molecules that the networks had not seen, the mean of the repeats.

    Parameters
    ----------
    found
        Evidence of a model trained by folds.
    """
    ok = found.features.ok
    return Evidence(
        found.model,
        found.panel.take(ok),
        found.predictions[:, ok].mean(axis=0),
        rows="all molecules, each predicted by networks that had not seen it",
        left_out=int((~ok).sum()),
        sample=sample_of(found.features),
        at=np.flatnonzero(ok),
        role="graded",
    )
