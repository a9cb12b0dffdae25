"""The predictions of binary assays that were confident and wrong, drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.report.cards import cards
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.molecule import molecule
from bioassay_mtl.report.page import heading, join, paragraph
from bioassay_mtl.report.templates import piece
from bioassay_mtl.report.wording import percent, shortened

SHOWN = 6
MOST_PER_ASSAY = 2
CANDIDATES = 4096
"""Cells that are looked through for different molecules and assays."""


class Mistake(NamedTuple):
    """A measured cell: row and column of the panel, prediction, and the assay's active share."""

    row: int
    task: int
    probability: float
    share: float


def mistakes(evidence: Evidence) -> Markup:
    """Inactives that were called active, and actives that were missed."""
    alarms, missed = worst(evidence)
    parts = [
        paragraph(
            "Where the model was most sure and the measurement says otherwise: a gap in what it "
            "learned, or a measurement worth repeating. At most one mistake a molecule, and "
            f"{MOST_PER_ASSAY} an assay."
        )
    ]
    for title, found in (
        ("Predicted active, measured inactive", alarms),
        ("Predicted inactive, measured active", missed),
    ):
        if found:
            drawn = [_card(evidence, mistake) for mistake in found]
            parts.append(heading(title) + cards(drawn))
    return join(parts) if len(parts) > 1 else Markup()


def worst(evidence: Evidence) -> tuple[list[Mistake], list[Mistake]]:
    """False alarms above their assay's active share, then missed actives below it; worst first.

    If more than half are active, or no active was measured, 0.5 stands for the share.
    """
    alarms: list[Candidates] = []
    misses: list[Candidates] = []
    for task in range(len(evidence.panel.tasks)):
        rows, labels, _, predictions = evidence.judged(task)
        p, active = predictions[:, 0], labels == 1
        share = float(active.mean()) if len(active) else 0.0
        usual = min(share, 0.5) or 0.5
        alarm = np.where(~active & (p > usual), p, 0)
        miss = np.where(active, -np.log(np.maximum(p, 1e-9) / usual), 0)
        for found, badness in ((alarms, alarm), (misses, miss)):
            found.append(Candidates.of(task, rows, badness, p, share))
    return _different(alarms), _different(misses)


class Candidates(NamedTuple):
    """Measured cells of one task, the worst first.

    Attributes
    ----------
    task
        Index of the task.
    rows, badness
        ``(m,)``: above 0 is a mistake.
    said
        ``(m,)``: further facts of each.
    share
        Share that is shown with the task.
    """

    task: int
    rows: NDArray[np.int64]
    badness: NDArray[np.floating]
    said: NDArray[Any]
    share: float = 0.0

    @staticmethod
    def of(
        task: int,
        rows: NDArray[np.int64],
        badness: NDArray[np.floating],
        said: NDArray[Any],
        share: float = 0.0,
    ) -> Candidates:
        """Candidates among all cells of a task."""
        best = np.argsort(-badness, kind="stable")[:CANDIDATES]
        best = best[badness[best] > 0]
        return Candidates(task, rows[best], badness[best], said[best], share)


def _different(found: list[Candidates]) -> list[Mistake]:
    return [
        Mistake(int(of.rows[at]), of.task, float(of.said[at]), of.share)
        for of, at in worst_cells(found)
    ]


def worst_cells(found: Sequence[Candidates]) -> list[tuple[Candidates, int]]:
    """The worst cells of all tasks, of different molecules and not all of one assay.

    Returns
    -------
    The task's candidates, and the place of the cell among them.
    """
    sizes = [len(of.rows) for of in found]
    if not sum(sizes):
        return []
    owner = np.repeat(np.arange(len(found)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    badness = np.concatenate([of.badness for of in found])
    order = np.lexsort((owner, np.concatenate([of.rows for of in found]), -badness))
    rows: set[int] = set()
    of_task: Counter[int] = Counter()
    chosen: list[tuple[Candidates, int]] = []
    for cell in order[:CANDIDATES].tolist():
        of, at = found[owner[cell]], int(place[cell])
        if len(chosen) == SHOWN:
            break
        if of.rows[at] not in rows and of_task[of.task] < MOST_PER_ASSAY:
            rows.add(int(of.rows[at]))
            of_task[of.task] += 1
            chosen.append((of, at))
    return chosen


def mistake_card(evidence: Evidence, row: int, task: int, predicted: str, measured: str) -> Markup:
    """A molecule with what was predicted and what was measured in an assay."""
    panel = evidence.panel
    name = panel.ids[row] or f"molecule {row + 1}"
    smiles = panel.structures[row] if panel.structures else ""
    return piece(
        "cards",
        "mistake",
        molecule(smiles, name) if smiles else "",
        shortened(name),
        panel.tasks[task],
        predicted,
        measured,
        shortened(smiles, 160),
    )


def _card(evidence: Evidence, mistake: Mistake) -> Markup:
    return mistake_card(
        evidence,
        mistake.row,
        mistake.task,
        percent(mistake.probability),
        f"{percent(mistake.share)} of its molecules are active",
    )
