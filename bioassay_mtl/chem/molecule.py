"""One structure as text to an RDKit molecule, or to the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from rdkit.Chem import (
    MolFromMolBlock,
    MolFromSmiles,
    MolToSmiles,
    SanitizeMol,
    SmilesParserParams,
)
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.status import Status
from bioassay_mtl.renamed import in_module

Notation = Literal["smiles", "molblock"]

DEFAULT_MAX_ATOMS = 500
"""Heavy atoms; far above any screening compound, below what stalls a fingerprint."""

# More characters than this per allowed atom cannot hold a molecule within the limit, so longer
# text is not even parsed. A V3000 atom with its bonds and hydrogens stays under 1,000.
_SMILES_CHARACTERS_PER_ATOM = 30
_MOLBLOCK_CHARACTERS_PER_ATOM = 1_000
_MOLBLOCK_HEAD = 1_000

_HYDROGEN_ATOM = re.compile(r"\[\d*(?:H(?![efgos])|D|T(?![abceilhms]))")
_AS_WRITTEN = SmilesParserParams()
_AS_WRITTEN.sanitize = _AS_WRITTEN.removeHs = False


def parse_smiles(text: object, max_atoms: int = DEFAULT_MAX_ATOMS) -> Any | Status:
    """The molecule of a SMILES, or the status that says why there is none.

    Text after white space that follows the SMILES (a name, a CXSMILES extension) is not read. The
    missing values of tables count as empty.
    """
    return _parsed(text, max_atoms, MolFromSmiles)


def parse_flat(text: object, max_atoms: int = DEFAULT_MAX_ATOMS) -> Any | Status:
    """The same without finding its stereochemistry, on which RDKit spends much of its time.

    Atoms, bonds and rings are those of :func:`parse_smiles`, and so is the status; tags of
    stereochemistry are as they were written. It is for what reads none.
    """
    return _parsed(text, max_atoms, _read_flat)


def _read_flat(smiles: str) -> Any:
    if _HYDROGEN_ATOM.search(smiles):
        return MolFromSmiles(smiles)  # takes such atoms into those that they are bonded to
    mol = MolFromSmiles(smiles, _AS_WRITTEN)
    if mol is not None:
        SanitizeMol(mol)
    return mol


def _parsed(text: object, max_atoms: int, read: Callable[[str], Any]) -> Any | Status:
    if not isinstance(text, str):
        return Status.EMPTY if _is_missing(text) else Status.INVALID_SMILES
    words = text.split(None, 1)
    if not words:
        return Status.EMPTY
    smiles = words[0]
    if is_too_long(smiles, max_atoms):
        return Status.TOO_LARGE
    # RDKit drops non-ASCII characters and what follows a NUL: a wrong molecule, not an error.
    if not smiles.isascii() or "\0" in smiles:
        return Status.INVALID_SMILES
    try:
        mol = read(smiles)
        if mol is None:
            return Status.INVALID_SMILES
        # There are no more atoms than characters; the count is taken only where it can matter.
        if len(smiles) > max_atoms and mol.GetNumHeavyAtoms() > max_atoms:
            return Status.TOO_LARGE
        return mol
    except MemoryError:
        return Status.FAILED
    except Exception:  # RDKit raises many kinds, and one molecule must not end a run
        return Status.INVALID_SMILES


def is_too_long(text: object, max_atoms: int) -> bool:
    """Whether a text, as long as it is, cannot be the SMILES of a molecule of so many atoms."""
    if not isinstance(text, str) or len(text) <= _SMILES_CHARACTERS_PER_ATOM * max_atoms:
        return False
    return len(text.split(None, 1)[0]) > _SMILES_CHARACTERS_PER_ATOM * max_atoms


def parse_molblock(text: object, max_atoms: int = DEFAULT_MAX_ATOMS) -> Any | Status:
    """The molecule of a Mol block (V2000 or V3000), or the status that says why there is none."""
    if not isinstance(text, str):
        return Status.EMPTY if _is_missing(text) else Status.INVALID_MOLBLOCK
    if len(text) > _MOLBLOCK_HEAD + _MOLBLOCK_CHARACTERS_PER_ATOM * max_atoms:
        return Status.TOO_LARGE
    if not text or text.isspace():
        return Status.EMPTY
    try:
        mol: Any = MolFromMolBlock(text)
        if mol is None:
            return Status.INVALID_MOLBLOCK
        if mol.GetNumHeavyAtoms() > max_atoms:
            return Status.TOO_LARGE
        return mol if mol.GetNumAtoms() else Status.EMPTY
    except MemoryError:
        return Status.FAILED
    except Exception:  # as above
        return Status.INVALID_MOLBLOCK


def _is_missing(value: object) -> bool:
    try:
        return value is None or bool(value != value)  # NaN is not equal to itself
    except TypeError:  # nor does pandas.NA say whether it is
        return True


Parser = Callable[[object, int], Any | Status]
Standardizing = bool | Literal["tautomer"]
"""Whether molecules are standardized (:mod:`bioassay_mtl.chem.standardize`), and tautomers too."""

PARSERS: dict[Notation, Parser] = {
    "smiles": parse_smiles,
    "molblock": parse_molblock,
}


def canonical_smiles(
    structure: str, notation: Notation = "molblock", max_atoms: int = DEFAULT_MAX_ATOMS
) -> str | None:
    """Canonical SMILES of a structure, or None where it is no molecule of up to `max_atoms`."""
    with BlockLogs():
        mol = PARSERS[notation](structure, max_atoms)
        return None if isinstance(mol, Status) else str(MolToSmiles(mol))


_LABEL = re.compile(r"\[\d|:\d+\]")


def without_labels(smiles: str, max_atoms: int = DEFAULT_MAX_ATOMS) -> str:
    """The SMILES without atom maps and isotopes, which name atoms but make no other compound.

    A text that cannot be used comes back as it is.
    """
    if not _LABEL.search(smiles):
        return smiles
    with BlockLogs():
        mol = parse_smiles(smiles, max_atoms)
        if isinstance(mol, Status):
            return smiles
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
            atom.SetIsotope(0)
        return str(MolToSmiles(mol))


def status_of(smiles: object, max_atoms: int = DEFAULT_MAX_ATOMS) -> Status:
    """Whether a SMILES is a molecule of up to `max_atoms`."""
    with BlockLogs():
        mol = parse_smiles(smiles, max_atoms)
    return mol if isinstance(mol, Status) else Status.OK


def molecule_key(smiles: str, max_atoms: int = DEFAULT_MAX_ATOMS) -> str | None:
    """Canonical SMILES that all duplicates of a molecule share; None where it is no molecule.

    Atom maps and isotopes do not count; stereochemistry, charges and counter-ions do.
    """
    return canonical_smiles(without_labels(smiles, max_atoms), "smiles", max_atoms)


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, Standardising="Standardizing")
