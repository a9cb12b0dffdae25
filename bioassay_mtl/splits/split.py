"""Subsets of a panel, and the settings that lead to them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, field_validator

from bioassay_mtl.config import Config
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.registry import Registry, function
from bioassay_mtl.renamed import attribute, in_module, under_new_names
from bioassay_mtl.splits.strata import absent_outcomes

logger = logging.getLogger(__name__)

Subset = Literal["train", "valid", "test"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)
splitters: Registry[Splitter] = Registry("split", "splits", function)
Rows = NDArray[np.int64]


class SplitConfig(Config):
    """Settings of a split.

    Parameters
    ----------
    kind
        ``random``, ``stratified``, ``scaffold``, ``scaffold_balanced``, ``stratified_scaffold``,
        ``cluster``, ``time``, ``column`` or ``indices``.
    fractions
        Shares of train, valid and test (not ``column`` and ``indices``); they sum to 1, and may be
        0.
    seed
        Seed of what is random (nothing is in ``scaffold``, ``time``, ``column`` and ``indices``).
    column
        Name of the column that holds each row's subset (``column``) or date (``time``).
    values
        Meaning of the values of the column, where the usual names are not used: ``{"1": "test"}``;
        an empty meaning leaves the rows out.
    files
        One file of row indices (from 0) per subset (``indices``): text or CSV with one number a
        line, also ``.gz``, or ``.npy``.
    duplicates
        Treatment of duplicates of a molecule that are in two subsets of a published split
        (``column``, ``indices``): ``leave_out`` keeps those of the subset that is evaluated last
        (test before valid before train) and leaves the others out, so that a published test set
        stays as it is; ``raise`` refuses the split.
    n_bins
        Ranges of measured values that are spread over the subsets like classes (``stratified`` and
        ``stratified_scaffold``; regression and censored tasks).
    distance
        Largest Tanimoto distance from the middle of a cluster (``cluster``).
    """

    kind: Annotated[str, AfterValidator(splitters.known)] = "random"
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: Annotated[int, Field(ge=0)] = 0
    column: str | None = None
    values: dict[str, Subset | Literal[""]] = Field(default_factory=dict)
    files: dict[Subset, Path] = Field(default_factory=dict)
    duplicates: Literal["leave_out", "raise"] = "leave_out"
    n_bins: Annotated[int, Field(ge=2)] = 5
    distance: Annotated[float, Field(ge=0, le=1)] = 0.6
    former_names = MappingProxyType({"copies": "duplicates"})
    copies = attribute("copies", "duplicates")

    @field_validator("fractions")
    @classmethod
    def _sum_to_one(cls, fractions: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
            raise ValueError("the shares of train, valid and test must be positive and sum to 1")
        return fractions


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a panel in three disjoint subsets, each ascending.

    Parameters
    ----------
    train, valid, test
        ``(n_part,) int64`` row indices.
    n_rows
        Rows of the panel.
    """

    train: Rows
    valid: Rows
    test: Rows
    n_rows: int

    @property
    def left_out(self) -> int:
        """Rows in no subset (``column``, ``indices`` and ``time`` only)."""
        return self.n_rows - len(self.train) - len(self.valid) - len(self.test)

    @staticmethod
    def of_parts(part: NDArray[np.integer[Any]]) -> Split:
        """Split by the subset of each row, ``(n,)``: 0 train, 1 valid, 2 test, -1 left out."""
        train, valid, test = (np.flatnonzero(part == number) for number in range(3))
        return Split(train, valid, test, len(part))

    @staticmethod
    def of_sets(sets: Mapping[Subset, Sequence[Rows]], n_rows: int) -> Split:
        """Split by the set of rows of each subset."""
        part = np.full(n_rows, -1, dtype=np.int8)
        for number, name in enumerate(SUBSETS):
            for rows in sets[name]:
                part[rows] = number
        return Split.of_parts(part)


class Splitter(Protocol):
    """One kind of split."""

    def __call__(self, panel: Panel, config: SplitConfig) -> Split: ...


def split(panel: Panel, config: SplitConfig | None = None, **settings: Any) -> Split:
    """Split the rows of a panel.

    Duplicates of a molecule (:meth:`Panel.groups`) are never in two subsets.

    Parameters
    ----------
    panel
        Panel to split.
    config
        Settings of the split; or give those of :class:`SplitConfig` by name.

    Raises
    ------
    ConfigError
        If a setting is unknown, missing or out of its range.
    InputError
        If the panel or an index file does not allow the split.

    Examples
    --------
    >>> from bioassay_mtl.panels import Panel
    >>> from bioassay_mtl.splits import split
    >>> panel = Panel.from_arrays(["C", "CC", "CCC", "CCCC"], [1, 0, 0, 1], ["assay"])
    >>> len(split(panel, kind="random", fractions=(0.5, 0.25, 0.25)).train)
    2
    """
    if config is None:
        config = SplitConfig.of(settings)
    elif settings:
        config = SplitConfig.of({**dict(config), **under_new_names(settings, config.former_names)})
    parts = splitters[config.kind](panel, config)
    if len(parts.train) and (absent := absent_outcomes(panel, parts.train)):
        logger.warning("nothing to learn from in the training set: %s", some(absent))
    return parts


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, Part="Subset", PARTS="SUBSETS")
