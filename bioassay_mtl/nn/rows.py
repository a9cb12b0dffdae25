"""Row indices of a batch, and what rows own, without asking a device how much that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Rows:
    """Row indices on a device and on the host, which knows by them how large a batch is.

    Parameters
    ----------
    numbers
        ``(B,) int64`` on the device.
    host
        The same.
    """

    numbers: Tensor
    host: NDArray[np.int64]

    @staticmethod
    def of(numbers: Tensor) -> RowIndices:
        """Row indices on a device; on a CPU they are at hand as they are."""
        return numbers if numbers.device.type == "cpu" else Rows(numbers, numbers.cpu().numpy())

    def __len__(self) -> int:
        return len(self.host)

    def __getitem__(self, part: slice) -> Rows:
        return Rows(self.numbers[part], self.host[part])


RowIndices = Tensor | Rows
SomeRows = TypeVar("SomeRows", bound=Tensor | Rows)


def first_rows(n: int, device: torch.device) -> RowIndices:
    """All of n rows."""
    numbers = torch.arange(n, device=device)
    return numbers if device.type == "cpu" else Rows(numbers, np.arange(n))


def on_device(rows: RowIndices) -> Tensor:
    """``(B,) int64``."""
    return rows.numbers if isinstance(rows, Rows) else rows


def in_order(rows: SomeRows, order: Tensor) -> SomeRows:
    """Rows in another order ``(n,) int64``, which is on the CPU."""
    numbers = on_device(rows)
    found: Any = numbers[order.to(numbers.device)]
    return Rows(found, rows.host[order.numpy()]) if isinstance(rows, Rows) else found  # type: ignore[return-value]


class Owned(NamedTuple):
    """Entries of some rows.

    Attributes
    ----------
    positions
        ``(m,) int64`` among the entries of all rows.
    row
        ``(m,) int64``: whose each is, by position in the batch.
    counts
        ``(B,) int64``: how many each row owns.
    """

    positions: Tensor
    row: Tensor
    counts: Tensor


class Offsets:
    """Start of the entries of each row among those of all, on a device and on the host.

    Parameters
    ----------
    offsets
        ``(n + 1,) int64``.
    device
        Device that entries are looked up on.
    """

    def __init__(self, offsets: NDArray[np.int64], device: torch.device) -> None:
        self._host = offsets
        self._offsets = kept_on(offsets, device)

    def owned(self, rows: RowIndices) -> Owned:
        """The entries of some rows; of :class:`Rows` their number is known beforehand."""
        size = None
        if isinstance(rows, Rows):
            size = int((self._host[rows.host + 1] - self._host[rows.host]).sum())
        rows = on_device(rows)
        start, counts = self._offsets[rows], self._offsets[rows + 1] - self._offsets[rows]
        row = torch.repeat_interleave(counts, output_size=size)
        within = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
        return Owned(start[row] + within, row, counts)


def kept_on(array: NDArray[Any], device: torch.device) -> Tensor:
    """An array on a device; on the CPU without a copy where it can be written to."""
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)
