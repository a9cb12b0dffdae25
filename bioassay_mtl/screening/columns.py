"""Columns of the input that a model reads beside structures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bioassay_mtl.chem.descriptors.given import unreadable
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import RecordBatch


def only_numbers(batch: RecordBatch, names: Iterable[str]) -> RecordBatch:
    """The batch without cells of some columns that hold no number: their rows are malformed."""
    wrong = {name: unreadable(batch.columns[name]) for name in names}
    if not any(wrong.values()):
        return batch
    problems, columns = dict(batch.problems), dict(batch.columns)
    for name, rows in wrong.items():
        cells = list(columns[name])
        for row in rows:
            cells[row] = None
            problems.setdefault(row, Status.MALFORMED_ROW)
        columns[name] = cells
    return replace(batch, problems=problems, columns=columns)


def with_columns(
    batches: Iterable[tuple[RecordBatch, Features]], featurizer: Featurizer
) -> Iterator[tuple[RecordBatch, Features]]:
    """Batches whose features have the inputs that are columns."""
    for batch, features in batches:
        yield batch, featurizer.with_columns(features, batch.columns)
