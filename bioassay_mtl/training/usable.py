"""The rows of a split that can be used."""

from __future__ import annotations

import logging

import numpy as np

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.measured import telling

log = logging.getLogger(__name__)


def usable_parts(parts: Split, features: Features, panel: Panel) -> Split:
    """A split without rows that have no features, and without validation rows that tell nothing.

    Raises
    ------
    InputError
        No row is left to train on.
    """
    return _evaluable(_usable(parts, features), panel)


def _usable(parts: Split, features: Features) -> Split:
    """:func:`with_features`, with those that go counted in the log."""
    dropped = np.flatnonzero(~features.ok)
    if len(dropped):
        counts = np.bincount(features.status[dropped])
        reasons = ", ".join(
            f"{count} {Status.from_code(code)}" for code, count in enumerate(counts) if count
        )
        log.warning("%s not used: %s", counted(len(dropped), "row is", "rows are"), reasons)
    parts = with_features(parts, features)
    if not len(parts.train):
        raise InputError("no row is left to train on", hint="check the split and the SMILES")
    return parts


def with_features(parts: Split, features: Features) -> Split:
    """The split without rows that have no features."""
    train, valid, test = (
        part[features.ok[part]] for part in (parts.train, parts.valid, parts.test)
    )
    return Split(train, valid, test, parts.n_rows)


def _evaluable(parts: Split, panel: Panel) -> Split:
    """Split without validation rows where these could not tell one epoch from another."""
    if not len(parts.valid) or telling(panel.cells.take(parts.valid)).any():
        return parts
    log.warning(
        "no assay has two outcomes, such as an active and an inactive, among the %d validation "
        "rows: training does not stop early",
        len(parts.valid),
    )
    return Split(parts.train, parts.valid[:0], parts.test, parts.n_rows)
