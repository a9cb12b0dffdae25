"""Feature blocks: what a fingerprint of many molecules is held in.

Two containers, one contract. Bits stay packed (128 bytes for 1,024 bits); counts are held as
compressed sparse rows, since a molecule sets some 50 of 4,096 positions. Both give the same view to
a network, ``sparse_rows()``, and the same ``take(rows)``, ``dense()`` and ``concatenate(blocks)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError

CountScale = Literal["linear", "log2"]


class SparseRows(NamedTuple):
    """Compressed sparse rows, ready for a sum of table rows.

    Attributes
    ----------
    offsets
        ``(n + 1,) int64``; row i owns ``indices[offsets[i]:offsets[i + 1]]``.
    indices
        ``(nnz,) int32``, ascending inside a row.
    values
        ``(nnz,) float32``, or None where every value is 1 (bits).
    """

    offsets: NDArray[np.int64]
    indices: NDArray[np.int32]
    values: NDArray[np.float32] | None


@dataclass(frozen=True)
class PackedBits(Block):
    """Bit fingerprints, eight to a byte.

    Parameters
    ----------
    packed
        ``(n, ceil(n_features / 8)) uint8``, most significant bit first, as `numpy.packbits` does.
    n_features
        Number of bits.
    """

    kind = "bits"
    packed: NDArray[np.uint8]
    n_features: int

    def __post_init__(self) -> None:
        width = -(-self.n_features // 8)
        if self.packed.dtype != np.uint8 or self.packed.ndim != 2 or self.packed.shape[1] != width:
            raise ValueError(
                f"{self.n_features} bits need packed (n, {width}) uint8, "
                f"found {self.packed.shape} {self.packed.dtype}"
            )

    def __len__(self) -> int:
        return len(self.packed)

    def take(self, rows: NDArray[Any]) -> PackedBits:
        return PackedBits(self.packed[rows], self.n_features)

    def sparse_rows(self) -> SparseRows:
        row, index = np.nonzero(self.raw())
        offsets = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=len(self)), out=offsets[1:])
        return SparseRows(offsets, index.astype(np.int32), None)

    def dense(self) -> NDArray[np.float32]:
        return self.raw().astype(np.float32)

    def raw(self) -> NDArray[np.uint8]:
        return np.unpackbits(self.packed, axis=1, count=self.n_features)

    def row_keys(self) -> Iterator[bytes]:
        return (row.tobytes() for row in self.packed)

    def settings(self) -> dict[str, Any]:
        return {"kind": "given", "n_bits": self.n_features}

    def stable_bytes(self) -> Iterator[bytes]:
        yield self.packed.tobytes()

    @staticmethod
    def concatenate(blocks: Sequence[PackedBits]) -> PackedBits:
        """Stack blocks of the same fingerprint on top of each other."""
        return PackedBits(np.concatenate([b.packed for b in blocks]), blocks[0].n_features)


@dataclass(frozen=True)
class SparseCounts(Block):
    """Count fingerprints as compressed sparse rows.

    Parameters
    ----------
    offsets
        ``(n + 1,) int64``.
    indices
        ``(nnz,) uint16``, ascending inside a row (fingerprints of up to 65,536 positions).
    counts
        ``(nnz,) uint8``, at least 1; larger counts are held as 255.
    n_features
        Number of positions.
    scale
        Scale that a network reads: the count itself (``linear``) or ``log2(1 + count)`` (``log2``).
    """

    kind = "counts"
    offsets: NDArray[np.int64]
    indices: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    n_features: int
    scale: CountScale = "log2"

    def __post_init__(self) -> None:
        if len(self.indices) != len(self.counts) or self.offsets[-1] != len(self.indices):
            raise ValueError(
                f"offsets end at {self.offsets[-1]}, but there are {len(self.indices)} indices "
                f"and {len(self.counts)} counts"
            )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[Any]) -> SparseCounts:
        rows = np.arange(len(self))[rows] if rows.dtype == np.bool_ else rows
        lengths = (self.offsets[1:] - self.offsets[:-1])[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        source = np.repeat(self.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return SparseCounts(
            offsets, self.indices[source], self.counts[source], self.n_features, self.scale
        )

    def sparse_rows(self) -> SparseRows:
        return SparseRows(
            self.offsets, self.indices.astype(np.int32), count_table(self.scale)[self.counts]
        )

    def dense(self) -> NDArray[np.float32]:
        return count_table(self.scale)[self.raw()]

    def raw(self) -> NDArray[np.uint8]:
        table = np.zeros((len(self), self.n_features), dtype=np.uint8)
        row = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        table[row, self.indices] = self.counts
        return table

    def row_keys(self) -> Iterator[bytes]:
        ends = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return (self.indices[a:b].tobytes() + self.counts[a:b].tobytes() for a, b in ends)

    def settings(self) -> dict[str, Any]:
        return {"kind": "given", "n_bits": self.n_features, "counts": True, "scale": self.scale}

    def stable_bytes(self) -> Iterator[bytes]:
        yield self.offsets.astype("<i8").tobytes()
        yield self.indices.astype("<u2").tobytes()
        yield self.counts.tobytes()

    @staticmethod
    def concatenate(blocks: Sequence[SparseCounts]) -> SparseCounts:
        """Stack blocks of the same fingerprint on top of each other."""
        ends = np.cumsum([0, *(b.offsets[-1] for b in blocks)])
        offsets = [np.zeros(1, dtype=np.int64)]
        offsets += [b.offsets[1:] + end for b, end in zip(blocks, ends[:-1], strict=True)]
        return SparseCounts(
            np.concatenate(offsets),
            np.concatenate([b.indices for b in blocks]),
            np.concatenate([b.counts for b in blocks]),
            blocks[0].n_features,
            blocks[0].scale,
        )


def count_table(scale: CountScale) -> NDArray[np.float32]:
    """``(256,) float32``: what a network reads for each count."""
    counts = np.arange(256, dtype=np.float32)
    return counts if scale == "linear" else np.log2(1 + counts)


@dataclass(frozen=True)
class Features:
    """Inputs of a model for n molecules, aligned with the input rows.

    Parameters
    ----------
    blocks
        One block of n rows for each input of the model: `PackedBits`, `SparseCounts`, `GraphBlock`
        or `DenseBlock`. Rows that are not ok are all zero, graphs without atoms, or all missing.
    status
        ``(n,) uint8``: :attr:`Status.code` of each record.
    known
        ``(n,) uint64``: identities (:mod:`bioassay_mtl.chem.identity`) of molecules that a model
        was trained on, 0 of others; None where nobody looked.
    """

    blocks: dict[str, Any]
    status: NDArray[np.uint8]
    known: NDArray[np.uint64] | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(block) for name, block in self.blocks.items()}
        if any(n != len(self) for n in lengths.values()):
            rows = ", ".join(f"{name} {n:,}" for name, n in lengths.items())
            raise InputError(f"features of {len(self):,} molecules have other lengths: {rows}")

    def __len__(self) -> int:
        return len(self.status)

    def __repr__(self) -> str:
        return f"Features({len(self)} molecules, {self.ok.sum()} ok: {', '.join(self.blocks)})"

    @property
    def ok(self) -> NDArray[np.bool_]:
        """``(n,) bool``: rows that have features."""
        ok: NDArray[np.bool_] = self.status == Status.OK.code
        return ok

    @property
    def in_training(self) -> NDArray[np.bool_] | None:
        """``(n,) bool``: molecules that a model was trained on; None where nobody looked."""
        return None if self.known is None else self.known > 0

    @property
    def n_bytes(self) -> int:
        """Bytes that the arrays take."""
        arrays = (array for block in self.blocks.values() for array in vars(block).values())
        return self.status.nbytes + sum(getattr(array, "nbytes", 0) for array in arrays)

    def take(self, rows: NDArray[Any]) -> Features:
        """Some rows, in that order."""
        known = None if self.known is None else self.known[rows]
        return Features({n: b.take(rows) for n, b in self.blocks.items()}, self.status[rows], known)

    @staticmethod
    def concatenate(parts: Sequence[Features]) -> Features:
        """Stack features of the same model on top of each other."""
        blocks = {
            name: type(block).concatenate([part.blocks[name] for part in parts])
            for name, block in parts[0].blocks.items()
        }
        known = [part.known for part in parts if part.known is not None]
        return Features(
            blocks,
            np.concatenate([part.status for part in parts]),
            np.concatenate(known) if len(known) == len(parts) else None,
        )
