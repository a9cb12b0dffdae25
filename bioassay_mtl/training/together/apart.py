"""Test molecules of one panel that are training molecules of another: they are left out there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.errors import InputError
from bioassay_mtl.splits import Split
from bioassay_mtl.training.session import Session


def kept_apart(sessions: Mapping[str, Session]) -> dict[str, Session]:
    """Panels without training rows whose molecule is a test molecule of another panel.

    Molecules are the same as for the column ``in_training`` of a screen: whatever their salts,
    charges and stereochemistry. Those without a structure cannot be compared.

    Raises
    ------
    InputError
        A panel has no training row left.
    """
    held_out = {name: _test_molecules(session) for name, session in sessions.items()}
    found = {}
    for name, session in sessions.items():
        others = [held for other, held in held_out.items() if other != name and held is not None]
        rows = session.parts.train
        kept = rows[~_is_one_of(session, rows, others)] if others else rows
        if not len(kept):
            raise InputError(
                f"panel {name!r}: all its training molecules are test molecules of other panels",
                hint="set apart to false, or split the panels otherwise",
            )
        parts = session.parts
        found[name] = (
            session
            if len(kept) == len(rows)
            else session.within(Split(kept, parts.valid, parts.test, parts.n_rows))
        )
    return found


def _test_molecules(session: Session) -> TrainingMolecules | None:
    structures, rows = session.panel.structures, session.parts.test
    if structures is None or not len(rows):
        return None
    tautomer = session.config.standardize == "tautomer"
    return TrainingMolecules.of([structures[row] for row in rows.tolist()], tautomer=tautomer)


def _is_one_of(
    session: Session, rows: NDArray[np.int64], others: list[TrainingMolecules]
) -> NDArray[np.bool_]:
    structures = session.panel.structures
    if structures is None:
        return np.zeros(len(rows), dtype=np.bool_)
    texts = [structures[row] for row in rows.tolist()]
    found: NDArray[np.bool_] = np.logical_or.reduce([held.hold(texts) for held in others])
    return found
