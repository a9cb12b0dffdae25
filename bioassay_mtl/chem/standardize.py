"""Standardized molecules: one form for what is one compound, by RDKit's MolStandardize.

The steps, in this order: ``metals`` (bonds from metals to organic atoms are cut), ``groups``
(functional groups are written in one way, such as nitro), ``fragment`` (the largest organic
fragment is kept: salts and solvents go), ``charge`` (what can be neutral becomes neutral) and,
where asked for, ``tautomer`` (the canonical one; slow, and it may lose stereo centers).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rdkit.Chem import MolToSmiles
from rdkit.Chem.MolStandardize import rdMolStandardize
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.molecule import DEFAULT_MAX_ATOMS, parse_smiles
from bioassay_mtl.chem.status import Status
from bioassay_mtl.renamed import in_module

STEPS = ("metals", "groups", "fragment", "charge")


class Standardized(NamedTuple):
    """A molecule after standardizing.

    Parameters
    ----------
    smiles
        Canonical SMILES, or the text that was given where it cannot be used.
    changes
        Names of the steps that changed the molecule, in order.
    status
        Whether the text can be used.
    """

    smiles: str
    changes: tuple[str, ...]
    status: Status


def standardize(
    smiles: Any, *, tautomer: bool = False, max_atoms: int = DEFAULT_MAX_ATOMS
) -> Standardized:
    """Standardize one molecule.

    A step that fails, or that leaves no atom, is left out. Rewriting a SMILES as canonical is no
    change.

    Examples
    --------
    >>> standardize("CC(=O)[O-].[Na+]")
    Standardized(smiles='CC(=O)O', changes=('fragment', 'charge'), status=<Status.OK: 'ok'>)
    """
    with BlockLogs():
        mol = parse_smiles(smiles, max_atoms)
        if isinstance(mol, Status):
            return Standardized(smiles, (), mol)
        held, changes = str(MolToSmiles(mol)), []
        for name in (*STEPS, "tautomer") if tautomer else STEPS:
            try:
                changed = _steps()[name](mol)
                text = str(MolToSmiles(changed))
            except Exception:
                continue
            # The text must hold for the molecule that others will parse from it.
            if text and text != held and not isinstance(parse_smiles(text, max_atoms), Status):
                mol, held = changed, text
                changes.append(name)
        return Standardized(held, tuple(changes), Status.OK)


def parent(mol: Any, *, tautomer: bool = False) -> Any:
    """The standardized molecule: as of :func:`standardize`, without an account of the steps."""
    for name in (*STEPS, "tautomer") if tautomer else STEPS:
        try:
            changed = _steps()[name](mol)
        except Exception:  # as above
            continue
        if changed.GetNumAtoms():
            mol = changed
    return mol


@cache
def _steps() -> dict[str, Callable[[Any], Any]]:
    """RDKit's tools, which are made once."""
    return {
        "metals": rdMolStandardize.MetalDisconnector().Disconnect,
        "groups": rdMolStandardize.Normalizer().normalize,
        "fragment": rdMolStandardize.LargestFragmentChooser(preferOrganic=True).choose,
        "charge": rdMolStandardize.Uncharger().uncharge,
        "tautomer": rdMolStandardize.TautomerEnumerator().Canonicalize,
    }


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, standardise="standardize", Standardised="Standardized")
