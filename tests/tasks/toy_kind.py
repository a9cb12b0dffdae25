"""A kind of task in one file, from the cells of a table to its part of a report.

Labels are shares from 0 to 1, as percent inhibition is; predicted is the share.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.balance.losses import ValueLoss
from bioassay_mtl.balance.losses.kind_losses import kind_losses
from bioassay_mtl.metrics.cells import Cells, kind_cells
from bioassay_mtl.metrics.judging import Judging, kind_judging
from bioassay_mtl.metrics.registries import kind_metric
from bioassay_mtl.metrics.values import Values
from bioassay_mtl.nn.heads import Head, heads
from bioassay_mtl.nn.stacking.losses import stack_losses
from bioassay_mtl.nn.stacking.losses.outcomes import cross_entropy
from bioassay_mtl.panels.reading import Reading, kind_readers
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.kinds import Findings, kind_reports
from bioassay_mtl.report.page import Section, paragraph
from bioassay_mtl.tasks.kinds import TaskKind, task_kinds
from bioassay_mtl.tasks.measured import TaskCells

NAME = "toy_share"


class Share(TaskKind):
    """Labels from 0 to 1."""

    label = "a share from 0 to 1"
    kind: Literal["toy_share"] = "toy_share"

    def is_label(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (values >= 0) & (values <= 1)
        return found


class ShareHead(Head):
    """``sigmoid(output)``."""

    @staticmethod
    def start(labels: Tensor, kind: Any) -> Tensor:
        return torch.logit((labels.sum() + 1) / (len(labels) + 2))[None]

    @staticmethod
    def predict(outputs: Tensor) -> Tensor:
        return torch.sigmoid(outputs)


def squares(
    outputs: Tensor,
    targets: Tensor,
    bounds: Tensor | None,
    weights: Tensor | None,
    settings: ValueLoss,
) -> Tensor:
    """Of the errors of shares."""
    return (torch.sigmoid(outputs[..., 0]) - targets) ** 2


def cells_of(cells: TaskCells, predictions: NDArray[Any]) -> Cells:
    return Values.of_cells(cells.rows, cells.values, predictions[:, 0], None)


def error(values: Values) -> NDArray[np.float64]:
    """Mean absolute error."""
    return values.mean(np.abs(values.errors))


def read(source: Any, task: str, entry: Any, rows: NDArray[np.int64]) -> Reading:
    return Reading(Share(), source.cells.values[rows], np.zeros(len(rows), np.int8))


def report(evidence: Evidence) -> Findings:
    said = f"{len(evidence.judged(0).rows)} shares of {evidence.panel.tasks[0]}"
    return Findings("Shares", said, sections=[Section(NAME, "Shares", paragraph(said))])


def register() -> None:
    """One line in each registry."""
    task_kinds.register(NAME)(Share)
    kind_readers.register(NAME)(read)
    heads.register(NAME)(ShareHead)
    kind_losses.register(NAME)(squares)
    stack_losses.register(NAME)(cross_entropy)
    kind_cells.register(NAME)(cells_of)
    kind_metric("share_error", NAME, limits=(0, 1))(error)
    kind_judging.register(NAME)(Judging(("share_error",)))
    kind_reports.register(NAME)(report)
