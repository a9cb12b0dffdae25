"""Screened records as JSON has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn, of_cells, of_record
from bioassay_mtl.screening.writers import Layout


def rows_of(batch: ScreenedBatch, layout: Layout) -> Iterator[dict[str, Any]]:
    """One object for each record; of those that are not ok there are no predictions."""
    digits = _Digits(layout)
    every = np.arange(len(layout.assays))
    statuses = batch.status_names()
    for at, row in enumerate(batch.rows):
        is_ok = bool(batch.ok[at])
        found: dict[str, Any] = {
            "row": row,
            "id": batch.ids[at],
            "smiles": batch.smiles[at],
            "status": statuses[at],
            "in_training": batch.is_known(at),
            "predictions": digits(batch.probabilities[at]) if is_ok else None,
        }
        if layout.of_molecules:
            said = of_record(layout.beside, batch.beside, at)
            found["beside"] = _rounded(said, layout.of_molecules) if is_ok else None
        if layout.of_assays:
            cells = of_cells(layout.beside, batch.beside, at, every)
            each = [_rounded(cell, layout.of_assays) for cell in cells]
            found["of_assays"] = dict(zip(layout.assays, each, strict=True)) if is_ok else None
        yield found


def _rounded(cells: dict[str, Any], columns: list[BesideColumn]) -> dict[str, Any]:
    """Numbers rounded as text files show them."""
    real = {column.name: column for column in columns if column.is_real}
    return {
        name: float(real[name].shown(value)) if name in real and value is not None else value
        for name, value in cells.items()
    }


class _Digits:
    """Predictions with as many digits as text files have."""

    def __init__(self, layout: Layout) -> None:
        formats = ["%.7g" if is_value else "%.6f" for is_value in layout.is_value]
        self._formats = list(zip(layout.assays, formats, strict=True))

    def __call__(self, predictions: Any) -> dict[str, float]:
        values = zip(self._formats, predictions.tolist(), strict=True)
        return {assay: float(shown % value) for (assay, shown), value in values}
