"""A model's predictions beside what a panel says."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ConfigError, InputError, counted
from bioassay_mtl.metrics import Evaluation, evaluate
from bioassay_mtl.metrics.cells import predicted_columns
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.kinds import TaskKind, columns_of
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.units import P_SCALE, known_unit

if TYPE_CHECKING:
    from bioassay_mtl.models.computing import Computing

log = logging.getLogger(__name__)

_AT_ONCE = 50_000_000
"""Predictions that are in memory at once: 200 MB."""
_ROWS_AT_LEAST = 256

_LOWEST_P, _HIGHEST_P = -2, 16  # 100 M and 0.1 fM


class PredictedPanel(NamedTuple):
    """Predictions beside outcomes.

    Attributes
    ----------
    panel
        The m molecules that can be predicted, with those assays that the model has.
    predictions
        ``(P,) float32``: those of the measured cells, as :func:`predictions_at` gives them.
    features
        Features of all molecules.
    """

    panel: Panel
    predictions: NDArray[np.float32]
    features: Features


def evaluated(
    model: Computing, panel: Panel, n_bootstrap: int, seed: int, workers: int
) -> Evaluation:
    """Metrics of a model on a panel: see :meth:`bioassay_mtl.models.model.Model.evaluate`."""
    if not isinstance(panel, Panel):
        raise ConfigError(
            f"a Panel is expected, found {type(panel).__name__}: "
            "read_panel(path or table) makes one"
        )
    chosen, predictions, features = predict_panel(model, panel, workers)
    if not features.ok.all():
        log.warning("not evaluated: %s", counted((~features.ok).sum(), "molecule"))
    if n_known := n_known_to(model, panel):
        log.warning(
            "%s of the panel are molecules that the model was trained on, or that chose its epoch: "
            "its scores there say nothing of new molecules",
            counted(n_known, "row"),
        )
    return evaluate(
        chosen.cells,
        predictions,
        chosen.tasks,
        kinds=chosen.kinds,
        n_bootstrap=n_bootstrap,
        seed=seed,
    )


def predict_panel(model: Computing, panel: Panel, workers: int = 1) -> PredictedPanel:
    """Predict those assays of a panel that a model has.

    Raises
    ------
    InputError
        There is none, or the panel means something else by one, or no molecule can be read.
    """
    tasks = [task for task in model.tasks if task in set(panel.tasks)]
    if not tasks:
        raise InputError(
            f"the panel holds none of the model's {counted(len(model.tasks), 'assay')}, "
            f"such as {model.tasks[0]!r}",
            hint="its tasks need the model's names for them",
        )
    chosen = panel.select_tasks(tasks)
    _check_meaning(model, chosen)
    features = panel_features(panel, model.featurizer, workers)
    if not features.ok.any():
        raise InputError("no molecule of the panel can be read", hint="check its SMILES")
    rows = np.flatnonzero(features.ok)
    chosen = chosen.take(rows)
    return PredictedPanel(chosen, predictions_of(model, features.take(rows), chosen), features)


def predictions_of(model: Computing, features: Features, panel: Panel) -> NDArray[np.float32]:
    """:func:`predictions_at` for a panel of some of the model's assays."""
    place = {name: at for at, name in enumerate(model.columns)}
    columns = [place[name] for name in columns_of(panel.tasks, panel.kinds)]
    return predictions_at(model, features, panel.cells, panel.kinds, columns)


def predictions_at(
    model: Computing,
    features: Features,
    cells: MeasuredCells,
    kinds: Sequence[TaskKind] | None = None,
    columns: Sequence[int] | None = None,
) -> NDArray[np.float32]:
    """``(P,)`` predictions of measured cells alone: of each, by row and task, all its columns.

    However many assays a model has, only some of all predictions are in memory at once.

    Parameters
    ----------
    model
        Model that predicts.
    features
        Features of n molecules.
    cells
        Measured cells of n rows; of the model's tasks, or of those that `kinds` and `columns` tell
        of.
    kinds, columns
        Kinds of the tasks, and places of their columns among the model's.
    """
    rows, places, _ = predicted_columns(cells, model.kinds if kinds is None else kinds)
    if columns is not None:
        places = np.asarray(columns, np.int64)[places]
    found = np.empty(len(rows), np.float32)
    at_once = max(_ROWS_AT_LEAST, _AT_ONCE // max(1, len(model.columns)))
    for start in range(0, cells.n_rows, at_once):
        stop = min(start + at_once, cells.n_rows)
        here = slice(*np.searchsorted(rows, (start, stop)).tolist())
        predicted = model.predict_features(features.take(np.arange(start, stop)))
        found[here] = predicted[rows[here] - start, places[here]]
    return found


def outputs_at(
    model: Computing, features: Features, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """``(P,)`` outputs of a network at some places alone: logits, values in standard units.

    Parameters
    ----------
    model
        Model that predicts.
    features
        Features of molecules; only those that are asked for are read.
    rows, columns
        ``(P,)``: places; rows rise.
    """
    found = np.empty(len(rows), np.float32)
    asked = np.unique(rows)
    at_once = max(_ROWS_AT_LEAST, _AT_ONCE // max(1, len(model.columns)))
    for start in range(0, len(asked), at_once):
        some = asked[start : start + at_once]
        here = slice(*np.searchsorted(rows, (some[0], some[-1] + 1)).tolist())
        outputs = model.outputs_of(features.take(some))
        found[here] = outputs[np.searchsorted(some, rows[here]), columns[here]]
    return found


def n_known_to(model: Computing, panel: Panel) -> int:
    """Rows of a panel that a model has learned from, as far as it remembers."""
    if model.training_molecules is None or panel.structures is None:
        is_its_own = model.training.get("panel_sha256") == panel.digest()
        return len(panel) if is_its_own else 0
    return int(model.training_molecules.hold(panel.structures).sum())


def _check_meaning(model: Computing, panel: Panel) -> None:
    """Labels of all tasks must mean what the model predicts."""
    ours = dict(zip(model.tasks, model.kinds, strict=True))
    for place, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        check_kind(task, ours[task], kind)
        if {unit_of(ours[task]), unit_of(kind)} == {"", P_SCALE}:
            check_p_values(task, kind, panel.cells.of_task(place).values)


def unit_of(kind: TaskKind | None) -> str:
    """The unit of a task's values, empty where none is known."""
    return getattr(kind, "unit", "")


def check_kind(
    task: str,
    ours: TaskKind,
    theirs: TaskKind,
    file: str | Path | None = None,
    hint: str = "a schema says how it is read",
) -> None:
    """Labels must mean what predictions mean: of one sort, of the same classes, in one unit.

    Raises
    ------
    InputError
        They do not.
    """
    if ours.is_value and theirs.is_value:
        units = {unit_of(ours), unit_of(theirs)}
        if len(units) == 1 or not all(u == P_SCALE or known_unit(u) for u in units):
            return
    elif ours == theirs:
        return
    raise InputError(
        f"{task!r} is {_said(theirs)} here, and the model predicts {_said(ours)}",
        file=file,
        hint=hint,
    )


def _said(kind: TaskKind) -> str:
    """A kind by its name, with what else is known of it."""
    settings = kind.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    return " ".join([kind.kind, *([json.dumps(settings)] if settings else [])])


def check_p_values(
    task: str,
    kind: TaskKind,
    values: NDArray[Any],
    file: str | Path | None = None,
    hint: str = "a schema gives the unit, and to_p converts it",
) -> None:
    """Values without a unit may be p-values only if none is far from all concentrations.

    Raises
    ------
    InputError
        A value is that far.
    """
    wrong = values[(values < _LOWEST_P) | (values > _HIGHEST_P)]
    if len(wrong) and not unit_of(kind):
        raise InputError(
            f"the model predicts p-values of {task!r}, and {wrong[0]:.7g} is none",
            file=file,
            hint=hint,
        )
