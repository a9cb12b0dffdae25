"""Transformers of SMILES to arrays, as the first step of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from bioassay_mtl.adapters.arrays import DataError, array_of, smiles_of
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.status import Status

_NAME = "x"


class _SmilesTransformer(TransformerMixin, BaseEstimator):
    """Features of SMILES; a kind says which, in :meth:`_settings`."""

    on_invalid: str

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.requires_fit = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def _featurizer(self) -> Featurizer:
        return Featurizer.from_config({"fingerprints": {_NAME: self._settings()}})

    def fit(self, X: Any, y: Any = None) -> _SmilesTransformer:
        """Nothing is learned; settings are checked."""
        self._featurizer()
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """``(n, F) float32``.

        Raises
        ------
        DataError
            `X` is no text, or a SMILES cannot be used and ``on_invalid`` is ``raise``.
        """
        structures = smiles_of(X, expected=True)
        if structures is None:
            raise DataError("SMILES are expected, as a list or one column of text")
        features = self._featurizer()(structures)
        wrong = np.flatnonzero(~features.ok)
        if len(wrong) and self.on_invalid == "raise":
            row = wrong[0]
            status = Status.from_code(int(features.status[row]))
            raise DataError(
                f"row {row}: {structures[row]!r} cannot be used ({status})",
                hint="on_invalid='nan' gives a row of NaN",
            )
        values = array_of(features.blocks[_NAME])
        values[wrong] = np.nan
        return values

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns."""
        representation = self._featurizer().fingerprints[_NAME]
        names: Sequence[str] = getattr(representation, "columns", None) or [
            f"{representation.kind}_{place}" for place in range(representation.n_features)
        ]
        return np.array(names, dtype=object)


class SmilesToFingerprint(_SmilesTransformer):
    """Fingerprints of SMILES.

    Parameters
    ----------
    kind
        ``morgan``, ``torsion``, ``atom_pair``, ``rdkit``, ``maccs``.
    n_bits
        Length; None for that of the kind.
    counts
        Whether to count each substructure, in place of telling whether it occurs.
    settings
        Further settings of the kind, such as ``{"radius": 3}``.
    on_invalid
        Answer to a SMILES that cannot be used: an error, or a row of NaN.

    Examples
    --------
    >>> SmilesToFingerprint(n_bits=1024).fit_transform(["CCO", "c1ccccc1"]).shape
    (2, 1024)
    """

    def __init__(
        self,
        kind: str = "morgan",
        *,
        n_bits: int | None = 2048,
        counts: bool = False,
        settings: Mapping[str, Any] | None = None,
        on_invalid: Literal["raise", "nan"] = "raise",
    ) -> None:
        self.kind = kind
        self.n_bits = n_bits
        self.counts = counts
        self.settings = settings
        self.on_invalid = on_invalid

    def _settings(self) -> dict[str, Any]:
        length = {} if self.n_bits is None else {"n_bits": self.n_bits}
        return {"kind": self.kind, "counts": self.counts, **length, **(self.settings or {})}


class SmilesToDescriptors(_SmilesTransformer):
    """RDKit's two-dimensional descriptors of SMILES; NaN where one cannot be computed.

    Parameters
    ----------
    names
        Names in `rdkit.Chem.Descriptors.descList`; None for all, about 210.
    on_invalid
        Answer to a SMILES that cannot be used: an error, or a row of NaN.
    """

    def __init__(
        self,
        names: Sequence[str] | None = None,
        *,
        on_invalid: Literal["raise", "nan"] = "raise",
    ) -> None:
        self.names = names
        self.on_invalid = on_invalid

    def _settings(self) -> dict[str, Any]:
        return {"kind": "rdkit_descriptors", "names": tuple(self.names or ())}
