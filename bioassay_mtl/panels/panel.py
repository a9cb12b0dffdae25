"""Panel: molecules x assays, with the cells that were measured.

Labels are held as measured cells (:mod:`bioassay_mtl.tasks.measured`): memory grows with the number
of measurements. Arrays of all cells are made when they are asked for: ``int8`` while every task is
binary (1 active, 0 inactive, -1 not measured), else ``float32`` with NaN where not measured. An
unmeasured cell is never counted as inactive, anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.molecule import Standardizing
from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.arrays import content_of_arrays
from bioassay_mtl.panels.duplicates import group_by_features, group_by_structure
from bioassay_mtl.renamed import FORMER_SPELLING, attribute, keywords
from bioassay_mtl.tasks.kinds import OF_EVERY_RESULT, TaskKind, columns_of, complete
from bioassay_mtl.tasks.labels import (
    MOST_CELLS,
    NOT_MEASURED,
    check_dense,
    check_dense_bounds,
    is_measured,
    view_dtype,
)
from bioassay_mtl.tasks.measured import MeasuredCells, check_cells, dense_labels

if TYPE_CHECKING:
    from bioassay_mtl.panels.schema import PanelSchema

__all__ = ["NOT_MEASURED", "Panel"]

_DIGEST_CELLS = 4_000_000
"""Cells of a dense array that are hashed at once."""


def _labels(panel: Panel) -> NDArray[Any]:
    return _read_only(dense_labels(panel.cells, panel.kinds))


def _bounds(panel: Panel) -> NDArray[np.int8] | None:
    return None if panel.cells.bound is None else _read_only(panel.cells.dense_bounds())


# Fields that are made of the measured cells when they are asked for, and kept then.
_LABELS: Any = cached_property(_labels)
_BOUNDS: Any = cached_property(_bounds)


def _read_only(view: NDArray[Any]) -> NDArray[Any]:
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False, init=False)
class Panel:
    """Molecules x assays.

    At least one of `structures` and `features` is present.

    Parameters
    ----------
    structures
        n SMILES as they were given (an empty text where none is known), or None.
    features
        Precomputed feature blocks of n rows under the name of a fingerprint, or None.
    labels
        Measured cells; or an array. ``(n, T) int8`` of binary tasks alone: 1 active, 0 inactive, -1
        not measured. Otherwise ``(n, T) float32``: 1 and 0 of binary tasks, numbers of classes,
        values; NaN not measured. The attribute is such an array, made when it is asked for, that
        cannot be written to.
    tasks
        T different names of assays.
    ids
        n names of molecules, not necessarily different.
    columns
        Further columns of the source (a split's name, a row number), as n texts each.
    kinds
        Kind of each task; all binary where none are given.
    bounds
        ``(n, T) int8``, of censored tasks: 1 where the true value is at or above the label, -1
        where it is at or below, 0 where the label is the value; None where all are.
    standardize
        Whether structures were standardized (:mod:`bioassay_mtl.chem.standardize`), and tautomers
        too: molecules to predict must then be.
    """

    structures: list[str] | None
    features: dict[str, Block] | None
    tasks: tuple[str, ...]
    ids: list[str]
    columns: dict[str, list[str]]
    kinds: tuple[TaskKind, ...]
    standardize: Standardizing
    standardise = attribute("standardise", "standardize")
    labels: NDArray[Any] = _LABELS
    bounds: NDArray[np.int8] | None = _BOUNDS

    @keywords(FORMER_SPELLING)
    def __init__(
        self,
        structures: list[str] | None,
        features: dict[str, Block] | None,
        labels: NDArray[Any] | MeasuredCells,
        tasks: tuple[str, ...],
        ids: list[str],
        columns: dict[str, list[str]] | None = None,
        kinds: tuple[TaskKind, ...] = (),
        bounds: NDArray[np.int8] | None = None,
        standardize: Standardizing = False,
    ) -> None:
        if structures is None and not features:
            raise InputError("a panel needs structures, features, or both")
        if not isinstance(labels, MeasuredCells) and labels.ndim != 2:
            raise InputError(f"labels must be (n, T), found shape {labels.shape}")
        if len(tasks) != labels.shape[1]:
            raise InputError(f"{len(tasks)} task names for {labels.shape[1]} columns of labels")
        kinds = complete(kinds, len(tasks))
        _check_names(tasks, kinds)
        self.__dict__.update(
            structures=structures,
            features=features,
            _cells=_cells(labels, bounds, tasks, kinds),
            tasks=tasks,
            ids=ids,
            columns={} if columns is None else columns,
            kinds=kinds,
            standardize=standardize,
        )
        check_cells(self.cells, tasks, kinds)
        for name, held in self._per_row():
            if len(held) != len(self):
                raise InputError(f"{len(held)} {name} for {len(self)} rows of labels")

    @property
    def cells(self) -> MeasuredCells:
        """The measured cells: row, task, value and bound of each."""
        cells: MeasuredCells = self.__dict__["_cells"]
        return cells

    def changed(self, **changes: Any) -> Panel:
        """The same panel with other values of some of its parts; no dense array is made."""
        labels = changes.pop("labels", self.cells)
        held = {
            name: getattr(self, name)
            for name in ("structures", "features", "tasks", "ids", "columns", "kinds")
        }
        return Panel(**{**held, "standardize": self.standardize, "labels": labels, **changes})

    def _per_row(self) -> Iterable[tuple[str, Any]]:
        yield "ids", self.ids
        if self.structures is not None:
            yield "structures", self.structures
        for name, block in (self.features or {}).items():
            yield f"rows of features {name!r}", block
        for name, column in self.columns.items():
            yield f"values of column {name!r}", column

    def __len__(self) -> int:
        return self.cells.n_rows

    def __repr__(self) -> str:
        return (
            f"Panel({len(self)} molecules x {len(self.tasks)} assays, "
            f"{self.cells.share_measured:.0%} measured)"
        )

    @property
    def mask(self) -> NDArray[np.bool_]:
        """``(n, T) bool``: True where the molecule was measured in the assay."""
        return self.cells.mask()

    @property
    def n_actives(self) -> NDArray[np.int64]:
        """``(T,)``: active molecules per assay; 0 for tasks that are not binary."""
        return self._count(1)

    @property
    def n_inactives(self) -> NDArray[np.int64]:
        """``(T,)``: molecules measured as inactive; 0 for tasks that are not binary."""
        return self._count(0)

    def _count(self, label: int) -> NDArray[np.int64]:
        return self.cells.counts_of(label) * [kind.has_actives for kind in self.kinds]

    @property
    def tasks_of_values(self) -> tuple[str, ...]:
        """Assays whose outcomes are values."""
        pairs = zip(self.tasks, self.kinds, strict=True)
        return tuple(task for task, kind in pairs if kind.is_value)

    @property
    def has_structure(self) -> NDArray[np.bool_]:
        """``(n,) bool``: rows whose SMILES is known (not: whose SMILES is valid)."""
        if self.structures is None:
            return np.zeros(len(self), dtype=np.bool_)
        return np.fromiter((bool(s.strip()) for s in self.structures), np.bool_, len(self))

    def take(self, rows: NDArray[Any] | Sequence[int]) -> Panel:
        """Some rows (integer index or boolean mask), in that order."""
        index = np.asarray(rows)
        if index.dtype == np.bool_:
            if index.shape != (len(self),):
                raise InputError(f"a mask of {len(self)} rows was expected, found {index.shape}")
            index = np.flatnonzero(index)
        index = index.astype(np.int64)
        places = index.tolist()
        return Panel(
            None if self.structures is None else [self.structures[i] for i in places],
            None if self.features is None else {n: b.take(index) for n, b in self.features.items()},
            self.cells.take(index),
            self.tasks,
            [self.ids[i] for i in places],
            {name: [column[i] for i in places] for name, column in self.columns.items()},
            self.kinds,
            standardize=self.standardize,
        )

    def select_tasks(self, names: Sequence[str]) -> Panel:
        """The same molecules with some assays, in the order of `names`.

        Raises
        ------
        ConfigError
            If a name is not an assay of this panel.
        """
        position = {task: i for i, task in enumerate(self.tasks)}
        for name in names:
            if name not in position:
                raise ConfigError(f"unknown task {name!r} ({did_you_mean(name, self.tasks)})")
        chosen = [position[name] for name in names]
        return self.changed(
            labels=self.cells.select_tasks(chosen),
            tasks=tuple(names),
            kinds=tuple(self.kinds[place] for place in chosen),
        )

    def groups(self) -> NDArray[np.int64]:
        """An integer per row that duplicates of a molecule share, ``(n,) int64``.

        Duplicates have the same canonical SMILES, atom maps and isotopes aside; a SMILES that
        cannot be used is a molecule of its own. Where some row has no SMILES but has features,
        duplicates are the rows whose features are all the same, in the whole panel. Groups are
        numbered in order of first appearance.
        """
        return self._groups.copy()

    @cached_property
    def _groups(self) -> NDArray[np.int64]:
        if self.structures is not None and (self.features is None or self.has_structure.all()):
            return group_by_structure(self.structures)
        assert self.features is not None
        return group_by_features(list(self.features.values()))

    def digest(self) -> str:
        """SHA-256 of all content in order, as hexadecimal text."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        state = hashlib.sha256()
        for name, texts in (
            ("tasks", self.tasks),
            ("ids", self.ids),
            ("structures", self.structures),
            *sorted(self.columns.items()),
        ):
            _digest_texts(state, name, texts)
        is_dense = len(self) * len(self.tasks) <= MOST_CELLS
        (_digest_dense if is_dense else _digest_cells)(state, self.cells, self.kinds)
        if view_dtype(self.kinds) != np.int8:
            _digest_texts(state, "kinds", [kind.model_dump_json() for kind in self.kinds])
        if self.cells.bound is not None and is_dense:
            _digest_dense_bounds(state, self.cells)
        for name, block in sorted((self.features or {}).items()):
            for part, value in vars(block).items():
                _digest_value(state, f"{name}.{part}", value)
        return state.hexdigest()

    @staticmethod
    def read(
        path: Any,
        smiles_column: str | None = None,
        id_column: str | None = None,
        tasks: Sequence[str] | Mapping[str, Any] | None = None,
        schema: PanelSchema | Mapping[str, Any] | None = None,
    ) -> Panel:
        """Read a table: see :func:`bioassay_mtl.panels.read.read_panel`."""
        from bioassay_mtl.panels.from_tables import content_of_table

        return Panel(**vars(content_of_table(path, smiles_column, id_column, tasks, schema)))

    @staticmethod
    def from_arrays(
        structures_or_features: Any,
        labels: Any,
        tasks: Sequence[str],
        mask: Any = None,
        *,
        ids: Sequence[str] | None = None,
        block: str = "morgan",
        kinds: Sequence[TaskKind | str] | None = None,
        bounds: Any = None,
    ) -> Panel:
        """Build from arrays: see :func:`bioassay_mtl.panels.arrays.content_of_arrays`."""
        content = content_of_arrays(
            structures_or_features, labels, tasks, mask, ids, block, kinds, bounds
        )
        return Panel(**vars(content))


def _check_names(tasks: Sequence[str], kinds: Sequence[TaskKind]) -> None:
    """Raise an InputError unless the names of tasks, and of their predictions, differ."""
    if repeated := _repeated(tasks):
        raise InputError(f"task {repeated!r} is named twice")
    if repeated := _repeated((*OF_EVERY_RESULT, *columns_of(tasks, kinds))):
        raise InputError(
            f"two columns of a prediction would have the name {repeated!r}",
            hint="rename that assay, or leave its column out (--task NAME:none); every result "
            f"has the columns {', '.join(OF_EVERY_RESULT)}",
        )


def _cells(
    labels: NDArray[Any] | MeasuredCells,
    bounds: NDArray[np.int8] | None,
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
) -> MeasuredCells:
    """The measured cells of what a panel is made with."""
    if isinstance(labels, MeasuredCells):
        if bounds is not None:
            raise InputError("measured cells have their own bounds, and others were given beside")
        return labels
    check_dense(labels, kinds)
    if bounds is not None:
        check_dense_bounds(bounds, is_measured(labels), tasks)
    return MeasuredCells.from_dense(labels, bounds)


def _repeated(names: Sequence[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _digest_texts(state: Any, name: str, texts: Sequence[str] | None) -> None:
    # Lengths go first, so that no two different contents give the same bytes.
    state.update(f"{name}:{-1 if texts is None else len(texts)}:".encode())
    for text in texts or ():
        data = text.encode()
        state.update(b"%d:" % len(data) + data)


def _digest_dense(state: Any, cells: MeasuredCells, kinds: Sequence[TaskKind]) -> None:
    """Digest as of the dense array, a few rows at a time: hashes of earlier releases stay."""
    state.update(f"labels:{view_dtype(kinds).str}:{cells.shape}:".encode())
    for rows in _slices(cells):
        state.update(dense_labels(cells, kinds, rows).tobytes())


def _digest_dense_bounds(state: Any, cells: MeasuredCells) -> None:
    state.update(f"bounds:{np.dtype(np.int8).str}:{cells.shape}:".encode())
    for rows in _slices(cells):
        state.update(cells.dense_bounds(rows).tobytes())


def _digest_cells(state: Any, cells: MeasuredCells, kinds: Sequence[TaskKind]) -> None:
    for name in ("offsets", "task", "value", "bound"):
        _digest_value(state, name, getattr(cells, name))


def _slices(cells: MeasuredCells) -> Iterable[NDArray[np.int64]]:
    at_once = max(1, _DIGEST_CELLS // max(1, cells.n_tasks))
    for start in range(0, cells.n_rows, at_once):
        yield np.arange(start, min(start + at_once, cells.n_rows))


def _digest_value(state: Any, name: str, value: Any) -> None:
    if isinstance(value, np.ndarray):
        state.update(f"{name}:{value.dtype.str}:{value.shape}:".encode() + value.tobytes())
    else:
        state.update(f"{name}:{value}:".encode())
