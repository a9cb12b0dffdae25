"""The base of formats that are written record by record, from plain values by column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import KNOWN, Layout


def columns_of(layout: Layout) -> list[BesideColumn]:
    """The columns of a table of predictions with what their cells are."""
    kinds = {name: BesideColumn(name, "text") for name in layout.leading}
    kinds["row"], kinds[KNOWN] = BesideColumn("row", "count"), BesideColumn(KNOWN, "flag")
    predicted = (layout.predicted,) if layout.long else layout.assays
    is_value = [any(layout.is_value)] if layout.long else layout.is_value
    for name, value in zip(predicted, is_value, strict=True):
        kinds[name] = BesideColumn(name, "number" if value else "decimals")
    kinds["assay"] = kinds.get("assay", BesideColumn("assay", "text"))
    kinds |= layout.beside_names
    return [BesideColumn(name, kinds[name].kind) for name in layout.columns]


def rows_of(batch: ScreenedBatch, layout: Layout) -> Iterator[tuple[Any, ...]]:
    """Rows of a table of predictions, None where there is nothing.

    Parameters
    ----------
    batch
        n records.
    layout
        Layout of n rows; of a long table, of as many as there are predictions.
    """
    leading = zip(
        batch.rows,
        *([repeat(batch.file)] if layout.with_file else []),
        batch.ids,
        batch.smiles,
        batch.status_names(),
        (batch.is_known(at) for at in range(len(batch))),
        *(column.plain(batch.beside[column.name]) for column in layout.of_molecules),
        strict=False,
    )
    for at, head in enumerate(leading):
        cells = _cells(batch, layout, at)
        if not layout.long:
            predictions, *beside = zip(*cells, strict=True)
            yield (*head, *predictions, *(b for own in zip(*beside, strict=True) for b in own))
        elif batch.ok[at]:
            for assay, own in zip(layout.assays, cells, strict=True):
                yield (*head, assay, *own)
        else:
            yield (*head, None, *cells[0])


def _cells(batch: ScreenedBatch, layout: Layout, at: int) -> list[tuple[Any, ...]]:
    """The prediction of one record in each assay, and what stands beside it."""
    predictions = [None if p != p else p for p in batch.probabilities[at].tolist()]
    beside = (column.plain(batch.beside[column.name][at]) for column in layout.of_assays)
    return list(zip(predictions, *beside, strict=True))
