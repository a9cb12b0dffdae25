"""Real-valued features that come with the molecules: nothing of them is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from bioassay_mtl.chem.descriptors.block import DenseBlock
from bioassay_mtl.chem.descriptors.dense import DenseRepresentation, held
from bioassay_mtl.chem.fingerprints.base import fingerprints
from bioassay_mtl.errors import ConfigError, InputError

MISSING = frozenset(
    (
        *("", "-", "na", "nan", "n/a", "#n/a", "<na>", "null", "nd", "n.d.", "nt", "n.t."),
        *("n.a.", "#nv", "n.b.", "k.a.", "k. a.", "n. b.", "n. d.", "n. a.", "--", "---"),
        *("not tested", "not determined", "not measured"),
    )
)
"""Texts that say that nothing was measured, in lower case."""


@fingerprints.register("dense")
class GivenFeatures(DenseRepresentation):
    """Features made elsewhere, always given as a block: learned embeddings, images, spectra.

    Parameters
    ----------
    n_columns
        Number of columns.
    """

    is_computed: ClassVar[bool] = False
    kind: Literal["dense"] = "dense"
    n_columns: int = Field(gt=0, le=65536)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.n_columns

    @property
    def summary(self) -> str:
        """Summary in a word or two, for people."""
        return f"{self.n_columns:,} given columns"


@fingerprints.register("columns")
class UserColumns(DenseRepresentation):
    """Numeric columns of the user's table; an empty cell, or one of `MISSING`, is a missing value.

    Parameters
    ----------
    names
        Names of the columns.
    """

    is_computed: ClassVar[bool] = False
    kind: Literal["columns"] = "columns"
    names: tuple[str, ...] = Field(min_length=1)

    @field_validator("names")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ConfigError(f"columns: a name stands twice among {', '.join(names)}")
        return names

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def summary(self) -> str:
        """Summary in a word or two, for people."""
        return f"columns {', '.join(self.names)}"

    def read(self, table: Mapping[str, Sequence[Any]]) -> DenseBlock:
        """The block of n molecules from columns by name, of numbers or of text.

        Raises
        ------
        InputError
            A column is not there, or a cell holds no number.
        """
        missing = [name for name in self.names if name not in table]
        if missing:
            raise InputError(
                f"the model reads the columns {', '.join(self.names)}; "
                f"missing: {', '.join(missing)}"
            )
        columns = [_numbers(name, table[name]) for name in self.names]
        return DenseBlock(held(np.stack(columns, axis=1)))


def _numbers(name: str, cells: Sequence[Any]) -> NDArray[np.float64]:
    try:
        return np.array([_number(cell) for cell in cells], dtype=np.float64)
    except (TypeError, ValueError):
        wrong = unreadable(cells)[0]
        raise InputError(
            f"a number is expected, found {cells[wrong]!r} in row {wrong}",
            column=name,
            hint="rows count from 0; a value that is missing is an empty cell",
        ) from None


def unreadable(cells: Sequence[Any]) -> list[int]:
    """Places of the cells that hold something that is no number."""
    return [row for row, cell in enumerate(cells) if not _is_number(cell)]


def _number(cell: Any) -> float:
    is_empty = cell is None or (isinstance(cell, str) and cell.strip().casefold() in MISSING)
    return float("nan") if is_empty else float(cell)


def _is_number(cell: Any) -> bool:
    try:
        _number(cell)
    except (TypeError, ValueError):
        return False
    return True
