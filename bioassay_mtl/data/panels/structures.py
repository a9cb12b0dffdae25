"""Molecules of a panel file: standardised, checked, and one row for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.data.copies import group_by_structure
from bioassay_mtl.data.panels.assembly import Molecules
from bioassay_mtl.data.panels.header import some
from bioassay_mtl.data.panels.row_log import Outcome, RowLog
from bioassay_mtl.data.panels.schema import PanelSchema


def standardised(structures: list[str], schema: PanelSchema) -> tuple[list[str], dict[str, str]]:
    """Structures as the schema wants them, and what changed of those that did, by the old text."""
    if not schema.standardise:
        return structures, {}
    from bioassay_mtl.chem.standardise import standardise

    tautomer = schema.standardise == "tautomer"
    found = {text: standardise(text, tautomer=tautomer) for text in dict.fromkeys(structures)}
    changes = {
        text: f"{', '.join(done.changes)}: {done.smiles}"
        for text, done in found.items()
        if done.changes
    }
    return [found[text].smiles for text in structures], changes


def log_changes(
    structures: list[str], changes: dict[str, str], rows: NDArray[np.int64], file: Path, log: RowLog
) -> None:
    """Record molecules that were standardised; `rows` are the file's rows of `structures`."""
    if changes:
        places = [i for i, text in enumerate(structures) if text in changes]
        details = [changes[structures[i]] for i in places]
        log.add(Outcome.STANDARDISED, file, rows[places], "", details)


def grouped(
    molecules: Molecules, schema: PanelSchema, rows: NDArray[np.int64], path: Path, log: RowLog
) -> tuple[NDArray[np.int64], NDArray[np.int64], Molecules]:
    """Standardise, and find rows of the same molecule; `rows` are those of the file.

    Returns
    -------
    place
        ``(n,) int64``: the molecule of each row, numbered in order of first appearance.
    first
        ``(m,) int64``: the first row of each molecule.
    molecules
        All n rows, standardised.
    """
    done, changes = standardised(molecules.structures, schema)
    log_changes(molecules.structures, changes, rows, path, log)
    molecules = replace(molecules, structures=done)
    place = group_by_structure(done) if schema.merge else np.arange(len(done))
    return place, np.unique(place, return_index=True)[1], molecules


def of_molecules(
    columns: Iterable[tuple[str, NDArray[np.int64]]], molecule: NDArray[np.int64], log: RowLog
) -> list[str]:
    """Names of the columns that say one thing for each molecule; the others are noted.

    Parameters
    ----------
    columns
        Of each the name and ``(n,)`` codes, the same for the same text.
    molecule
        ``(n,)``: the molecule of each row.
    """
    kept: list[str] = []
    others: list[str] = []
    n_molecules = len(np.unique(molecule))
    for name, codes in columns:
        pairs = np.unique(molecule * (codes.max(initial=0) + 1) + codes)
        (kept if len(pairs) == n_molecules else others).append(name)
    if others:
        log.notes.append(f"left out, as rows of one molecule differ in them: {some(others)}")
    return kept


def keep_usable(
    structures: list[str], rows: NDArray[np.int64], file: Path, log: RowLog
) -> NDArray[np.bool_]:
    """Which structures stay, ``(n,) bool``: all if the log is strict, else those that can be used.

    `rows` are their rows of the file; those that go are recorded.
    """
    if log.strict:
        return np.ones(len(structures), np.bool_)
    empty, bad = usable(structures)
    log.add(Outcome.NO_STRUCTURE, file, rows[empty])
    texts = [structures[i][:80] for i in np.flatnonzero(bad)]
    log.add(Outcome.INVALID_STRUCTURE, file, rows[bad], "", texts)
    return ~empty & ~bad


def usable(structures: list[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which structures are empty, and which are no molecule, ``(n,) bool`` each."""
    from rdkit.rdBase import BlockLogs

    from bioassay_mtl.chem.molecule import parse_smiles
    from bioassay_mtl.chem.status import Status

    with BlockLogs():
        found = {}
        for text in dict.fromkeys(structures):
            parsed = parse_smiles(text)
            found[text] = parsed if isinstance(parsed, Status) else Status.OK
    empty = np.array([found[text] is Status.EMPTY for text in structures], dtype=np.bool_)
    good = np.array([found[text] is Status.OK for text in structures], dtype=np.bool_)
    return empty, ~good & ~empty
