"""The training molecules of a model: their fingerprints, and what was measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.identity import Identities, identities
from bioassay_mtl.domain.evidence import Evidence
from bioassay_mtl.domain.overlaps import BitColumns, sizes_of
from bioassay_mtl.tasks.measured import MeasuredCells

NEAR = 0.35
"""Tanimoto similarity from which on two molecules are near: one in 700 pairs of PCBA is."""

INSIDE = 0.95
"""Share of the training molecules that are inside, judged by their own nearest others."""

SAMPLE = 2_000
"""Training molecules that the threshold is measured on, at most."""

_FLOORS = (NEAR, 0.2, 0.1, 0.0)


class Near(NamedTuple):
    """p pairs of a query and a training molecule.

    Attributes
    ----------
    query, molecule
        ``(p,) int64``: positions.
    similarity
        ``(p,) float64``: Tanimoto.
    """

    query: NDArray[np.int64]
    molecule: NDArray[np.int64]
    similarity: NDArray[np.float64]


class Nearest(NamedTuple):
    """The nearest training molecule of each of m queries, the first of equals.

    Attributes
    ----------
    molecule
        ``(m,) int64``: positions; -1 where the query has no bit.
    similarity
        ``(m,) float64``: Tanimoto, 0 without a molecule.
    of_columns
        ``(m, t) float32``: similarity of the nearest molecule that is evidence for a column, NaN
        where none is near (:data:`NEAR`).
    """

    molecule: NDArray[np.int64]
    similarity: NDArray[np.float64]
    of_columns: NDArray[np.float32]


class Domain:
    """n training molecules.

    Parameters
    ----------
    packed
        ``(n, 128) uint8``: Morgan fingerprints, radius 2, 1,024 bits.
    cells
        Measured cells of them in the T tasks of the model.
    structures
        n SMILES; None where they are not kept.
    identities
        ``(n,) uint64``, see :mod:`bioassay_mtl.chem.identity`; made of the structures when None.
    threshold
        Least similarity to the nearest training molecule that is inside; measured when None.
    tautomer
        Whether tautomers are one molecule.
    keeps_structures
        Whether they are written to files.
    """

    def __init__(
        self,
        packed: NDArray[np.uint8],
        cells: MeasuredCells,
        structures: Sequence[str] | None,
        *,
        identities: Identities | None = None,
        threshold: float | None = None,
        tautomer: bool = False,
        keeps_structures: bool = True,
    ) -> None:
        self.packed, self.cells = packed, cells
        self.structures = structures
        self.tautomer, self.keeps_structures = tautomer, keeps_structures
        if identities is not None:
            self.identities = identities
        if threshold is not None:
            self.threshold = threshold

    def __len__(self) -> int:
        return len(self.packed)

    def __getstate__(self) -> dict[str, Any]:
        return {name: held for name, held in vars(self).items() if name not in ("_columns",)}

    @cached_property
    def identities(self) -> Identities:
        """``(n,) uint64``; 0 where a structure cannot be read."""
        found = np.zeros(len(self), np.uint64)
        if self.structures is not None:
            known, places = identities(self.structures, tautomer=self.tautomer)
            found[places] = known
        return found

    @cached_property
    def threshold(self) -> float:
        """Least similarity to the nearest training molecule that is inside.

        Similarity that 95 % of the training molecules reach, each judged by the others, which are a
        random sample where there are many.
        """
        n = len(self)
        if n < 2:
            return 1.0
        rows = np.sort(np.random.default_rng(0).permutation(n)[:SAMPLE])
        similarity = self.nearest(self.packed[rows], other_than=rows).similarity
        return float(np.quantile(similarity, 1 - INSIDE))

    @cached_property
    def _columns(self) -> BitColumns:
        return BitColumns(self.packed)

    @cached_property
    def _by_identity(self) -> tuple[Identities, NDArray[np.intp]]:
        order = np.argsort(self.identities, kind="stable")
        return self.identities[order], order

    def near(self, queries: NDArray[np.uint8], at_least: float = NEAR) -> Near:
        """All training molecules of a similarity of `at_least` to one of ``queries (m, 128)``."""
        query, molecule, overlap = self._columns.pairs(queries, at_least)
        union = sizes_of(queries)[query] + self._columns.sizes[molecule] - overlap
        similarity = overlap / np.maximum(union, 1)
        kept = similarity >= at_least
        return Near(query[kept], molecule[kept], similarity[kept])

    def nearest(
        self,
        queries: NDArray[np.uint8],
        evidence: Evidence | None = None,
        other_than: NDArray[np.int64] | None = None,
    ) -> Nearest:
        """The nearest training molecule of each query.

        Parameters
        ----------
        queries
            ``(m, 128) uint8``.
        evidence
            Evidence for each of t columns; None for no columns.
        other_than
            ``(m,)``: a training molecule that is not meant, for each.
        """
        m = len(queries)
        molecule, similarity = np.full(m, -1), np.zeros(m)
        of_columns = np.full((m, evidence.n_columns if evidence else 0), np.nan, np.float32)
        rest = np.flatnonzero(queries.any(axis=1))
        for floor in _FLOORS:
            if not len(rest):
                break
            near = self.near(queries[rest], floor)
            if other_than is not None:
                near = Near(*(each[near.molecule != other_than[rest[near.query]]] for each in near))
            if floor == NEAR and evidence is not None:
                of_columns[rest] = evidence.best(*near, len(rest))
            molecule[rest], similarity[rest] = _best(near, len(rest))
            rest = rest[molecule[rest] < 0]
        similarity[rest] = 0
        return Nearest(molecule, similarity, of_columns)

    def rows_of(self, wanted: Identities) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Training molecules that are the same as others.

        Parameters
        ----------
        wanted
            ``(m,) uint64``: identities, 0 for none.

        Returns
        -------
        Positions among those wanted, and of the training molecules: ``(p,)`` each.
        """
        held, order = self._by_identity
        low, high = (np.searchsorted(held, wanted, side) for side in ("left", "right"))
        sizes = np.where(wanted > 0, high - low, 0)
        starts = np.repeat(low - np.cumsum(sizes) + sizes, sizes)
        return np.repeat(np.arange(len(wanted)), sizes), order[starts + np.arange(sizes.sum())]

    def structures_of(self, molecules: NDArray[np.int64]) -> list[str]:
        """SMILES of training molecules; empty for -1, and where they are not kept."""
        if self.structures is None:
            return [""] * len(molecules)
        return [self.structures[at] if at >= 0 else "" for at in molecules.tolist()]

    @staticmethod
    def union(parts: Sequence[Domain]) -> Domain:
        """All molecules of several, each once where all that is known of it is the same."""
        first = parts[0]
        if all(_same(part, first) for part in parts):
            return first
        packed = np.concatenate([part.packed for part in parts])
        ids = np.concatenate([part.identities for part in parts])
        cells = _stacked([part.cells for part in parts])
        texts = [part.structures for part in parts]
        known = [text for each in texts if each is not None for text in each]
        structures = known if all(each is not None for each in texts) else None
        keys: dict[Any, int] = {}
        for row in range(len(packed)):
            own = slice(cells.offsets[row], cells.offsets[row + 1])
            measured = cells.task[own].tobytes(), cells.value[own].tobytes()
            text = structures[row] if structures else ""
            keys.setdefault((packed[row].tobytes(), int(ids[row]), text, measured), row)
        rows = np.fromiter(keys.values(), np.int64, len(keys))
        return Domain(
            packed[rows],
            cells.take(rows),
            None if structures is None else [structures[row] for row in rows.tolist()],
            identities=ids[rows],
            tautomer=first.tautomer,
            keeps_structures=all(part.keeps_structures for part in parts),
        )


def _best(near: Near, m: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Most similar molecule of each of m queries, the first of equals, or -1; its similarity."""
    similarity = np.full(m, -1.0)
    np.maximum.at(similarity, near.query, near.similarity)
    best = near.similarity == similarity[near.query]
    molecule = np.full(m, np.iinfo(np.int64).max)
    np.minimum.at(molecule, near.query[best], near.molecule[best])
    return np.where(similarity < 0, -1, molecule), similarity


def _same(one: Domain, other: Domain) -> bool:
    """Whether two are of the same rows."""
    if one is other:
        return True
    pairs = (
        (one.packed, other.packed),
        (one.cells.offsets, other.cells.offsets),
        (one.cells.task, other.cells.task),
        (one.cells.value, other.cells.value),
        (one.cells.bounds, other.cells.bounds),
        (one.identities, other.identities),
    )
    same_texts = (one.structures is None) == (other.structures is None)
    return same_texts and all(np.array_equal(mine, theirs) for mine, theirs in pairs)


def _stacked(parts: Sequence[MeasuredCells]) -> MeasuredCells:
    ends = np.cumsum([0, *(part.n_cells for part in parts)])
    offsets = [part.offsets[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return MeasuredCells(
        np.concatenate([[0], *offsets]).astype(np.int64),
        np.concatenate([part.task for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.bounds for part in parts])
        if any(part.bound is not None for part in parts)
        else None,
        parts[0].n_tasks,
    )
