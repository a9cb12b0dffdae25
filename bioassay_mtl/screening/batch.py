"""What one batch of records became: the unit that writers and collectors are given."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    first_row: int
    file: str
    ids: list[str]
    smiles: list[str]
    status: NDArray[np.uint8]
    probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.status)

    @property
    def ok(self) -> NDArray[np.bool_]:
        """``(n,) bool``: records that have predictions."""
        return np.equal(self.status, Status.OK.code)

    @property
    def rows(self) -> range:
        """Row numbers of the records."""
        return range(self.first_row, self.first_row + len(self))

    def status_names(self) -> list[str]:
        """The status of each record as written to files."""
        return [_NAMES[code] for code in self.status.tolist()]


_NAMES = [status.value for status in Status]
