"""Domain of molecules: how near they are to the training molecules, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.representation import Representation
from bioassay_mtl.domain.evidence import Evidence
from bioassay_mtl.domain.fingerprints import also_computed, bits_of
from bioassay_mtl.models.domain import known_domain
from bioassay_mtl.screening.annotators.base import Asked, annotators
from bioassay_mtl.screening.beside import Beside, BesideColumn
from bioassay_mtl.tables import RecordBatch


@annotators.register("domain")
class DomainAnnotator:
    """The nearest training molecule; in each assay the known label, and the nearest known active.

    Similarity is Tanimoto on Morgan fingerprints (radius 2, 1,024 bits). ``known`` is what was
    measured of the same molecule, whatever its salt or stereochemistry. ``nearest_active`` is the
    similarity of the nearest molecule that is known to be active (of that class, for the column of
    a class; measured, for that of a value), and empty where none is near
    (:data:`bioassay_mtl.domain.domain.NEAR`).

    Parameters
    ----------
    asked
        Request of the screen.

    Raises
    ------
    ConfigError
        The model keeps no training molecules.
    """

    columns: Sequence[BesideColumn] = (
        BesideColumn("similarity", "decimals"),
        BesideColumn("nearest", "text"),
        BesideColumn("in_domain", "flag"),
        BesideColumn("known", "text", of_assays=True),
        BesideColumn("nearest_active", "decimals", of_assays=True),
    )

    def __init__(self, asked: Asked) -> None:
        self._domain = known_domain(asked.model)
        self._prints = asked.model.featurizer.fingerprints
        self._evidence = Evidence(self._domain.cells, asked.model.kinds, asked.columns)

    @property
    def inputs(self) -> Mapping[str, Representation]:
        """Inputs to compute beside those of the model."""
        return also_computed(self._prints)

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        domain, ok = self._domain, features.ok
        nearest = domain.nearest(bits_of(features, self._prints), self._evidence)
        inside = nearest.similarity >= domain.threshold
        known = np.zeros(len(ok), np.uint64) if features.known is None else features.known
        return {
            "similarity": np.where(ok, nearest.similarity, np.nan).astype(np.float32),
            "nearest": np.array(domain.structures_of(nearest.molecule), object),
            "in_domain": np.where(ok, inside, -1).astype(np.int8),
            "known": self._evidence.known(*domain.rows_of(known), len(ok)),
            "nearest_active": nearest.of_columns,
        }
