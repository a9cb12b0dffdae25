"""The predictions of binary assays that were confident and wrong, drawn."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.molecule import molecule
from bioassay_mtl.report.page import join, paragraph
from bioassay_mtl.report.wording import percent, shortened
from bioassay_mtl.tasks.labels import as_outcomes

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
            cards = join(_card(evidence, mistake) for mistake in found)
            parts.append(Markup('<h3>{}</h3><ul class="cards">{}</ul>').format(title, cards))
    return join(parts) if len(parts) > 1 else Markup()


def worst(evidence: Evidence) -> tuple[list[Mistake], list[Mistake]]:
    """False alarms above their assay's active share, then missed actives below it; worst first.

    Where more than half are active, or no active was measured, 0.5 stands for the share.
    """
    labels = as_outcomes(evidence.panel.labels)
    p = evidence.predictions
    measured = np.maximum((labels >= 0).sum(axis=0), 1)
    shares = (labels == 1).sum(axis=0) / measured
    usual = np.where(shares > 0, np.minimum(shares, 0.5), 0.5)
    alarm = np.where((labels == 0) & (p > usual), p, 0)
    miss = np.where(labels == 1, -np.log(np.maximum(p, 1e-9) / usual), 0)
    return _different(alarm, p, shares), _different(miss, p, shares)


def _different(
    badness: NDArray[np.floating], p: NDArray[np.float32], shares: NDArray[np.floating]
) -> list[Mistake]:
    return [
        Mistake(row, task, float(p[row, task]), float(shares[task]))
        for row, task in worst_cells(badness)
    ]


def worst_cells(badness: NDArray[np.floating]) -> list[tuple[int, int]]:
    """Row and task of the worst cells above 0, of different molecules and not all of one assay.

    Parameters
    ----------
    badness
        ``(n, T)``.
    """
    flat = badness.ravel()
    count = min(CANDIDATES, len(flat))
    if not count:
        return []
    best = np.argpartition(-flat, count - 1)[:count]
    best = best[np.argsort(-flat[best], kind="stable")]
    rows: set[int] = set()
    of_task: Counter[int] = Counter()
    found: list[tuple[int, int]] = []
    for cell in best.tolist():
        row, task = divmod(cell, badness.shape[1])
        if flat[cell] <= 0 or len(found) == SHOWN:
            break
        if row not in rows and of_task[task] < MOST_PER_ASSAY:
            rows.add(row)
            of_task[task] += 1
            found.append((row, task))
    return found


def mistake_card(evidence: Evidence, row: int, task: int, predicted: str, measured: str) -> Markup:
    """A molecule with what was predicted and what was measured in an assay."""
    panel = evidence.panel
    name = panel.ids[row] or f"molecule {row + 1}"
    smiles = panel.structures[row] if panel.structures else ""
    return Markup(
        '<li>{}<h4>{}</h4><p>{}: <span class="verdict wrong">{}</span> predicted</p>'
        '<p class="note">{}</p><p class="smiles">{}</p></li>'
    ).format(
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
