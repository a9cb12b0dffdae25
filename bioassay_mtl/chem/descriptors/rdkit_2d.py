"""RDKit's two-dimensional descriptors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from bioassay_mtl.chem.descriptors.block import DenseBlock
from bioassay_mtl.chem.descriptors.dense import DenseRepresentation, held
from bioassay_mtl.chem.fingerprints.base import fingerprints
from bioassay_mtl.chem.representation import Encoder
from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ConfigError


@fingerprints.register("rdkit_descriptors")
class RDKitDescriptors(DenseRepresentation):
    """Functions of `rdkit.Chem.Descriptors.descList`, in its order.

    A descriptor that cannot be computed for a molecule (RDKit raises, or gives NaN) is missing
    there; a value beyond the range of ``float32`` (``Ipc`` of a large molecule, infinity) is held
    as the largest of that range.

    Parameters
    ----------
    names
        Names of descriptors; empty: all, about 210.

    Examples
    --------
    >>> from rdkit.Chem import MolFromSmiles
    >>> RDKitDescriptors(names=["MolWt", "TPSA"]).block([MolFromSmiles("CCO")]).values.round(2)
    array([[46.07, 20.23]], dtype=float32)
    """

    kind: Literal["rdkit_descriptors"] = "rdkit_descriptors"
    names: tuple[str, ...] = ()

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = _functions() if names else {}
        for name in names:
            if name not in known:
                raise ConfigError(f"unknown descriptor {name!r} ({did_you_mean(name, known)})")
        if len(set(names)) < len(names):
            raise ConfigError(f"descriptors: a name stands twice among {', '.join(names)}")
        return names

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return self.names or tuple(_functions())

    @property
    def n_features(self) -> int:
        """Number of descriptors."""
        return len(self.columns)

    @property
    def summary(self) -> str:
        """Summary in a word or two, for people."""
        return f"{self.n_features} RDKit descriptors"

    def encoder(self) -> Encoder:
        from rdkit.Chem import Mol

        from bioassay_mtl.chem.descriptors.shared import FASTER

        known = _functions() | FASTER
        functions = [known[name] for name in self.columns]

        def encode(mol: Any) -> bytes:
            values = np.full(len(functions), np.nan)
            if mol.GetNumAtoms():
                own = Mol(mol)  # some descriptors leave marks on atoms
                with np.errstate(all="ignore"):
                    values[:] = [_value(function, own) for function in functions]
            return held(values).tobytes()

        return encode

    def decode(self, texts: Sequence[bytes]) -> DenseBlock:
        values: NDArray[np.float32] = np.frombuffer(b"".join(texts), dtype=np.float32)
        return DenseBlock(values.reshape(len(texts), self.n_features))


def _functions() -> dict[str, Callable[[Any], float]]:
    from rdkit.Chem.Descriptors import descList

    return dict(descList)


def _value(function: Callable[[Any], float], mol: Any) -> float:
    try:
        return float(function(mol))
    except Exception:  # each in its own way, where a molecule has no ring, charge, heavy atom, ...
        return float("nan")
