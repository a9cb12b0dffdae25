"""Columns that may be assays: what their names say, and what their cells hold."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bioassay_mtl.panels.beside import Companions
from bioassay_mtl.panels.label_cells import label_cells
from bioassay_mtl.panels.names import Says, is_lone_cell_line, what_name_says
from bioassay_mtl.panels.outcomes import plain_outcome, word_outcomes
from bioassay_mtl.panels.reading import infer_kind, nearly_outcomes
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.cells import Cells, with_commas

if TYPE_CHECKING:
    import pyarrow as pa


class Held(IntEnum):
    """Content of the cells of a column."""

    NOTHING = 0
    ONE_VALUE = 1
    ONE_OUTCOME = 2
    OUTCOMES = 3
    WORDS = 4
    BOUNDS = 5
    NUMBERS = 6
    ROW_NUMBERS = 7
    SLIPS = 8
    CLASSES = 9
    TEXTS = 10


DESCRIBED = {
    Held.NOTHING: "empty",
    Held.ONE_VALUE: "one value alone",
    Held.ONE_OUTCOME: "0 or 1 alone",
    Held.OUTCOMES: "0 and 1",
    Held.WORDS: "words of an outcome",
    Held.BOUNDS: "numbers with > or <",
    Held.NUMBERS: "numbers",
    Held.ROW_NUMBERS: "numbers that count rows",
    Held.SLIPS: "nearly all 0 and 1",
    Held.CLASSES: "a few texts",
    Held.TEXTS: "texts",
}


class Candidate(NamedTuple):
    """A column that may be an assay."""

    name: str
    source: Source
    kind: str | None
    says: Says
    held: Held

    @property
    def gaps(self) -> bool:
        """Whether some rows hold nothing."""
        return bool(self.source.cells.missing.any())

    @property
    def slip(self) -> tuple[int, str]:
        """The first row that holds neither 0 nor 1, and what it holds."""
        cells = self.source.cells
        odd = [code for code in self.source.occurring() if plain_outcome(cells, code) is None]
        row = int(np.flatnonzero(np.isin(cells.codes, odd))[0])
        return row, cells.text(row)

    @property
    def described(self) -> str:
        """Content in words."""
        if self.held is Held.SLIPS:
            return f"{DESCRIBED[self.held]}, but for {self.slip[1]!r}"
        texts = [self.source.cells.texts[code] for code in self.source.occurring()]
        commas = with_commas(texts) if self.held in (Held.TEXTS, Held.CLASSES) else ""
        return f"texts {commas}" if commas else DESCRIBED[self.held]


def judged(
    table: pa.Table, name: str, path: Path, schema: PanelSchema, companions: Companions, log: RowLog
) -> Candidate:
    """A column with what its name and its cells say."""
    cells = label_cells(table, name, schema)
    beside = companions.of(name)
    source = Source(
        path,
        name,
        cells,
        log,
        None if beside.qualifier is None else Cells(table.column(beside.qualifier)),
        None if beside.unit is None else Cells(table.column(beside.unit)),
    )
    kind = infer_kind(source)
    says = what_name_says(name)
    if says is Says.KEY and is_lone_cell_line(name, table.column_names):
        says = Says.NOTHING
    return Candidate(name, source, kind, says, held_by(source, kind, says))


def held_by(source: Source, kind: str | None, says: Says) -> Held:
    """Content of a column by its cells."""
    cells, codes = source.cells, source.occurring()
    if not codes:
        return Held.NOTHING
    outcomes = {plain_outcome(cells, code) for code in codes}
    values = {cells.parsed[code][::2] for code in codes}  # numbers with their units
    texts = {cells.texts[code].casefold() for code in codes}
    if None not in outcomes:
        return Held.OUTCOMES if len(outcomes) > 1 else Held.ONE_OUTCOME
    if len(texts) == 1 or (
        len(values) == 1 and (None, "") not in values and not source.qualified.any()
    ):
        return Held.ONE_VALUE
    if kind == "binary":
        return Held.WORDS if word_outcomes(cells.texts[code] for code in codes) else Held.OUTCOMES
    if kind == "censored":
        return Held.BOUNDS
    if kind == "regression":
        if nearly_outcomes(cells):  # a number beside them is more likely a slip than a value
            return Held.SLIPS
        return Held.ROW_NUMBERS if _counts_rows(cells) else Held.NUMBERS
    if kind == "multiclass":
        # A text of its own for nearly every row is a name, not a class.
        enough = int((~cells.missing).sum()) >= (1.5 if says.measured else 2) * len(texts)
        return Held.CLASSES if enough else Held.TEXTS
    return Held.TEXTS


def _counts_rows(cells: Cells) -> bool:
    """Whether the cells are numbers of rows or records: whole, and each the next one."""
    values = cells.values
    if len(values) < 3 or np.isnan(values).any():
        return False
    steps = np.diff(values)
    starts = values[0] in (0, 1) or len(values) >= 20
    return bool(starts and (steps == 1).all())
