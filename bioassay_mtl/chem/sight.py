"""Sight of a model's inputs, found by trying: mirror images, cis and trans, salts."""

from __future__ import annotations

from typing import Any, NamedTuple

from bioassay_mtl.chem.featurizer import Featurizer

_ENANTIOMERS = (
    ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
    ("C[C@H](O)c1ccccn1", "C[C@@H](O)c1ccccn1"),
)
_DOUBLE_BONDS = (("C/C=C/c1ccccc1", "C/C=C\\c1ccccc1"), ("OC(=O)/C=C/C(C)=O", "OC(=O)/C=C\\C(C)=O"))
_SALTS = (
    ("CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]"),
    ("CN(C)CCc1ccccc1", "C[NH+](C)CCc1ccccc1.[Cl-]"),
)


class Sight(NamedTuple):
    """Whether the inputs of a model differ between two molecules.

    Attributes
    ----------
    enantiomers
        Mirror images.
    double_bonds
        Cis and trans isomers.
    salts
        A salt and its parent.
    """

    enantiomers: bool
    double_bonds: bool
    salts: bool

    @property
    def sentences(self) -> list[str]:
        """Sentences, in words for people."""
        parts = {
            "mirror images (enantiomers)": self.enantiomers,
            "cis and trans isomers": self.double_bonds,
        }
        same = [name for name, differs in parts.items() if not differs]
        apart = [name for name, differs in parts.items() if differs]
        said = []
        if same:
            said.append(f"Blind to stereochemistry: {' and '.join(same)} get the same predictions.")
        if apart:
            said.append(f"Told apart: {' and '.join(apart)}.")
        if self.salts:
            said.append(
                "Charges and counter-ions matter: a salt and its parent get different predictions, "
                "unless molecules are standardized (`screen --standardize`, "
                "`predict(..., standardize=True)`)."
            )
        else:
            said.append("A salt and its parent get the same predictions.")
        return said


def sight_of(featurizer: Featurizer) -> Sight | None:
    """Find out by pairs of molecules; None where no input is made from structures.

    Examples
    --------
    >>> from bioassay_mtl.chem.fingerprints import MorganFingerprint
    >>> sight_of(Featurizer({"morgan": MorganFingerprint()}))
    Sight(enantiomers=False, double_bonds=False, salts=True)
    """
    if not any(each.is_computed for each in featurizer.fingerprints.values()):
        return None
    return Sight(*(_differ(featurizer, pairs) for pairs in (_ENANTIOMERS, _DOUBLE_BONDS, _SALTS)))


def _differ(featurizer: Featurizer, pairs: tuple[tuple[str, str], ...]) -> bool:
    return any(_inputs(featurizer, one) != _inputs(featurizer, other) for one, other in pairs)


def _inputs(featurizer: Featurizer, smiles: str) -> list[Any]:
    blocks = featurizer([smiles]).blocks
    return [[bytes(part) for part in blocks[name].stable_bytes()] for name in sorted(blocks)]
