"""Domain of a model, kept of its training molecules: who is near, and what was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.domain import Domain
from bioassay_mtl.domain.fingerprints import also_computed, bits_of
from bioassay_mtl.models.domain import NAME
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.session import Session


def domain_of(
    panel: Panel, features: Features, rows: NDArray[np.int64], config: TrainingConfig
) -> Domain | None:
    """Domain of some rows of a panel, those without a structure left out.

    None where there are no structures, or nothing is to be kept (``domain: none``).
    """
    if config.domain == "none" or panel.structures is None:
        return None
    rows = rows[panel.has_structure[rows]]
    if not len(rows):
        return None
    panel, featurizer = panel.take(rows), config.featurizer()
    assert panel.structures is not None
    missing = also_computed(featurizer.fingerprints)
    found = (
        panel_features(panel, replace(featurizer, fingerprints=missing))
        if missing
        else features.take(rows)
    )
    return Domain(
        bits_of(found, featurizer.fingerprints),
        panel.cells,
        [text.split(None, 1)[0] for text in panel.structures],
        tautomer=featurizer.standardize == "tautomer",
        keeps_structures=config.domain == "structures",
    )


def note_domain(session: Session, model: Model) -> None:
    """Put what is known of the training and validation rows beside a model.

    A model that goes on from another knows the molecules of both, or of none where that one kept
    nothing.
    """
    if not session.remembers:
        return
    rows = np.concatenate([session.parts.train, session.parts.valid])
    own = domain_of(session.panel, session.features, rows, session.config)
    if own is not None and session.begin is not None and session.begin.is_whole:
        before = session.start.beside.get(NAME) if session.start else None
        own = None if before is None else Domain.union([before, own])
    if own is not None:
        model.beside[NAME] = own
