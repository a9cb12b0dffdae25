"""Batch of records that were screened: the unit that writers and collectors are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.status import Status


@dataclass(frozen=True)
class ScreenedBatch:
    """Consecutive records with their predictions.

    Parameters
    ----------
    first_row
        Row number of the first record; rows count from 1 over all input files together.
    file
        Name of the input file.
    ids, smiles
        n strings each, as they stood in the input.
    status
        ``(n,) uint8``, :attr:`Status.code`.
    probabilities
        ``(n, n_assays) float32``; NaN in every row that is not ok.
    in_training
        ``(n,) bool``: molecules that the model was trained on; None where it does not know them.
    new_only
        Whether these are no hits.
    beside
        Values of annotators, by the name of a column: ``(n,)``, or ``(n, n_assays)``; see
        :class:`~bioassay_mtl.screening.beside.BesideColumn`.
    """

    first_row: int
    file: str
    ids: list[str]
    smiles: list[str]
    status: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    in_training: NDArray[np.bool_] | None = None
    new_only: bool = False
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.status)

    @property
    def ok(self) -> NDArray[np.bool_]:
        """``(n,) bool``: records that have predictions."""
        return np.equal(self.status, Status.OK.code)

    @property
    def may_be_hits(self) -> NDArray[np.bool_]:
        """``(n,) bool``: records that are ranked among others."""
        if self.new_only and self.in_training is not None:
            return self.ok & ~self.in_training
        return self.ok

    def is_known(self, at: int) -> bool | None:
        """Whether the model was trained on a molecule; None where that cannot be told."""
        if self.in_training is None or self.status[at] != Status.OK.code:
            return None
        return bool(self.in_training[at])

    def known_names(self) -> list[str]:
        """The same of each record as written to text files: ``true``, ``false`` or nothing."""
        if self.in_training is None:
            return [""] * len(self)
        return [_KNOWN[code] for code in np.where(self.ok, self.in_training, 2).tolist()]

    @property
    def rows(self) -> range:
        """Row numbers of the records."""
        return range(self.first_row, self.first_row + len(self))

    def status_names(self) -> list[str]:
        """The status of each record as written to files."""
        return [_NAMES[code] for code in self.status.tolist()]


_KNOWN = ("false", "true", "")
_NAMES = [status.value for status in Status]
