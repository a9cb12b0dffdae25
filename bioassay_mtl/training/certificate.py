"""``certify``: how often a coded model errs at most on molecules that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.guarantees import (
    Rates,
    balanced_bound,
    complexity,
    error_bound,
    weighted_bound,
)
from bioassay_mtl.models.certificate_file import Certificate, Statement
from bioassay_mtl.models.coded import code_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.adapted_certificate import certify_adapted
from bioassay_mtl.training.compression.own_rows import own_session
from bioassay_mtl.training.independent_rows import check_rows

N_STATEMENTS = 4
"""Rates that have a bound of their own; delta is divided among them."""


def certify(
    model: Model,
    panel: Panel,
    *,
    delta: float = 0.05,
    n_searched: int | None = None,
    workers: int = 1,
) -> Certificate:
    """Bounds of a model's errors, from the molecules that it was learned from.

    Parameters
    ----------
    model
        A compressed one, of binary assays.
    panel
        Panel that it was trained on, with a random split.
    delta
        Chance that a bound is wrong.
    n_searched
        Settings that were tried before these; None for the number given to ``compress``.
    workers
        Processes that featurize.

    Raises
    ------
    ConfigError
        Nothing can be promised of the model; the message says why.
    InputError
        The panel is another one, or holds a molecule in two rows.
    """
    if model.training.get("adapted"):
        return certify_adapted(model, panel, delta=delta, n_searched=n_searched, workers=workers)
    code = code_of(model.network)
    _check(model)
    assert code is not None
    session = own_session(model, panel, workers)
    parts = session.parts
    rows = np.concatenate([parts.train, parts.valid])
    check_rows(panel, np.concatenate([rows, parts.test]))
    known = model.training.get("compressed", {}).get("n_searched", 1)
    searched = known if n_searched is None else max(known, n_searched)
    c = complexity(code.bits, delta / N_STATEMENTS, searched)
    seen, held = (
        Seen.of(model, session.features.take(some), panel.cells.take(some)) if len(some) else None
        for some in (rows, parts.test)
    )
    assert seen is not None
    statements = [
        replace(each, held_out=None if held is None else held.statements(c)[place].rates.seen)
        for place, each in enumerate(seen.statements(c))
    ]
    return Certificate(tuple(statements), delta, code.bits, searched, c, len(rows), panel.digest())


def _check(model: Model) -> None:
    """See that a bound can hold."""
    if code_of(model.network) is None:
        raise ConfigError(
            f"{model.name!r} is not coded: a bound pays for each bit of a model, and as floating "
            "point numbers it has too many to promise anything: compress it first"
        )
    if not all(kind.has_actives for kind in model.kinds):
        raise ConfigError("bounds are of errors in outcomes: only binary assays can be certified")
    settings: Mapping[str, Any] = model.training["config"]
    kind = settings["split"]["kind"]
    if kind != "random":
        raise ConfigError(
            f"{model.name!r} was trained on a {kind} split: bounds hold for molecules that are "
            "drawn as those that were learned from, and a part chosen by structures, dates or "
            "labels is no random draw: train with split.kind=random"
        )
    if model.scalings:
        raise ConfigError(
            f"{model.name!r} reads real-valued inputs ({', '.join(model.scalings)}), whose scaling "
            "was fitted to the same molecules and is not in its code: train it on fingerprints"
        )
    if model.network_config.model_dump().get("origin") == "model":
        raise ConfigError(
            f"{model.name!r} starts from the weights of a model, which may have seen the same "
            "molecules, and which its code does not hold: train it with network.origin=seed"
        )


@dataclass(frozen=True)
class Seen:
    """Errors of the measured cells of some rows.

    Parameters
    ----------
    cells
        Measured cells of the rows.
    wrong
        ``(m,)``: whether each cell is on the other side of a probability of 1/2.
    called
        ``(m,)``: whether it is called active, by the threshold of its assay.
    """

    cells: MeasuredCells
    wrong: NDArray[np.bool_]
    called: NDArray[np.bool_]

    @staticmethod
    def of(model: Model, features: Any, cells: MeasuredCells) -> Seen:
        outputs = model.outputs_of(features)[cells.row, cells.task]
        thresholds = model.network.state_dict()["tower.threshold"].cpu().numpy()
        wrong = (outputs > 0) != (cells.value > 0.5)
        return Seen(cells, wrong, outputs > thresholds[cells.task])

    def statements(self, c: float) -> tuple[Statement, ...]:
        """All bounds, in a fixed order."""
        active = self.cells.value > 0.5
        every = np.ones(len(active), dtype=np.bool_)
        misses, alarms = self._rates(~self.called, active, c), self._rates(self.called, ~active, c)
        return (
            Statement(
                "error",
                "a measured outcome, of a random molecule and a random one of its measured assays, "
                "is on the other side of a probability of 1/2",
                self._rates(self.wrong, every, c),
            ),
            Statement(
                "misses",
                "an active outcome, of a random molecule that has one, is called inactive by the "
                "threshold of its assay",
                misses,
            ),
            Statement(
                "false alarms",
                "an inactive outcome, of a random molecule that has one, is called active by the "
                "threshold of its assay",
                alarms,
            ),
            Statement(
                "balanced error",
                "the mean of misses and false alarms",
                balanced_bound(misses, alarms),
            ),
            Statement(
                "error of assays",
                "the mean over assays, each counting the same, of the error on molecules that are "
                "measured in it",
                self._of_assays(c),
            ),
        )

    def _rates(self, wrong: NDArray[np.bool_], chosen: NDArray[np.bool_], c: float) -> Rates:
        """Mean share of the chosen cells of each row that is wrong, over rows that have some."""
        row = self.cells.row[chosen]
        counts = np.bincount(row, minlength=self.cells.n_rows)
        errors = np.bincount(row, weights=wrong[chosen], minlength=self.cells.n_rows)
        held = counts > 0
        n = int(held.sum())
        return error_bound(float((errors[held] / counts[held]).mean()) if n else 0.0, n, c)

    def _of_assays(self, c: float) -> Rates:
        task, row = self.cells.task, self.cells.row
        counts = self.cells.counts
        n_tasks = max(1, int((counts > 0).sum()))
        weights = 1.0 / (n_tasks * np.maximum(counts, 1)[task])
        of_rows = np.bincount(row, weights=weights, minlength=self.cells.n_rows)
        largest = float(of_rows.max()) if len(of_rows) else 1.0
        seen = float((weights * self.wrong).sum())
        return weighted_bound(seen, largest, c, int((of_rows > 0).sum()))
