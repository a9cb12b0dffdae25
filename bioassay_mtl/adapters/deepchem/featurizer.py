"""Our fingerprints and descriptors as a DeepChem featurizer."""

from __future__ import annotations

from typing import Any

import deepchem as dc
import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import array_of
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError


class BioassayFeaturizer(dc.feat.MolecularFeaturizer):
    """One fingerprint, or descriptors, of each molecule, ``(n, F) float32``.

    A molecule that cannot be used is an empty array, as with DeepChem's own featurizers; its
    loaders leave such rows out.

    Parameters
    ----------
    kind
        Kind of the fingerprint: ``morgan``, ``torsion``, ``rdkit_descriptors``, ...
    settings
        Further settings of the fingerprint, such as ``n_bits=2048`` or ``counts=True``.

    Examples
    --------
    >>> BioassayFeaturizer("morgan", n_bits=2048)(["CCO", "c1ccccc1"]).shape
    (2, 2048)
    """

    def __init__(self, kind: str = "morgan", **settings: Any) -> None:
        recipe = {"kind": kind, **settings}
        self.featurizer = Featurizer.from_config({"fingerprints": {kind: recipe}})
        self.representation = self.featurizer.fingerprints[kind]
        if kind == "graph" or not self.representation.is_computed:
            raise ConfigError(f"featurizer: {kind!r} makes no array of a molecule")

    def _featurize(self, datapoint: Any, **kwargs: Any) -> NDArray[np.float32]:
        """Features ``(F,)`` of one RDKit molecule."""
        return array_of(self.representation.block([datapoint])).ravel()
