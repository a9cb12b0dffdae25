"""Which molecules a model was trained on, eight bytes each.

An identity is that of the standardised parent (:mod:`bioassay_mtl.chem.standardise`): salts,
charges, stereochemistry, isotopes and atom maps make no difference. Its upper half is a hash of the
parent's skeleton (:mod:`bioassay_mtl.chem.skeleton`), its lower half one of its canonical SMILES.
So whether a molecule may be known is seen from its SMILES at once, and only those that may are
standardised.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import MolFromSmiles, MolToSmiles
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.molecule import parse_smiles, without_labels
from bioassay_mtl.chem.probe import PROBE_SMILES
from bioassay_mtl.chem.skeleton import read_skeletons, skeletons_of
from bioassay_mtl.chem.standardise import parent
from bioassay_mtl.chem.status import Status

Identities = NDArray[np.uint64]

_HALF = np.uint64(32)
_LABELLED = re.compile(r"\[\d|:\d+\]|\[H\]")


def identities(
    smiles: Sequence[str], *, tautomer: bool = False
) -> tuple[Identities, NDArray[np.intp]]:
    """Identities of molecules.

    Parameters
    ----------
    smiles
        n SMILES.
    tautomer
        Whether tautomers are one molecule: for models that standardise them.

    Returns
    -------
    ndarray
        ``(m,) uint64``: of those that can be read.
    ndarray
        ``(m,)``: their positions.
    """
    plain = [plain_smiles(text) for text in smiles]
    places = np.flatnonzero([text is not None for text in plain])
    return _of_plain([_parent(text, tautomer) for text in plain if text is not None]), places


@dataclass(frozen=True, eq=False)
class TrainingMolecules:
    """The molecules that a model was trained on.

    Parameters
    ----------
    identities
        ``(m,) uint64``, ascending, each once.
    unidentified
        Rows trained on whose structure is not known: they are never found.
    tautomer
        Whether tautomers are one molecule.
    """

    identities: Identities
    unidentified: int = 0
    tautomer: bool = False

    @staticmethod
    def of(
        smiles: Sequence[str], *, unidentified: int = 0, tautomer: bool = False
    ) -> TrainingMolecules:
        """Identify molecules; what cannot be read counts as unidentified."""
        found, _ = identities(smiles, tautomer=tautomer)
        lost = len(smiles) - len(found)
        return TrainingMolecules(np.unique(found), unidentified + lost, tautomer)

    def __len__(self) -> int:
        return len(self.identities)

    @cached_property
    def _skeletons(self) -> NDArray[np.uint64]:
        return np.unique(self.identities >> _HALF)

    def hold(self, smiles: Sequence[str]) -> NDArray[np.bool_]:
        """``(n,) bool``: is the molecule one of these? False where a text cannot be read."""
        found, close = self.look(smiles)
        plain = {row: text for row in close if (text := plain_smiles(smiles[row])) is not None}
        found[self.confirmed(plain)] = True
        return found

    def look(self, smiles: Sequence[str]) -> tuple[NDArray[np.bool_], set[int]]:
        """What texts tell by themselves, in microseconds each.

        Parameters
        ----------
        smiles
            n SMILES.

        Returns
        -------
        ndarray
            ``(n,) bool``: those that are one of these as they are written.
        set
            Rows of those that may be one, for a fragment has the skeleton of one:
            :meth:`confirmed` tells.
        """
        texts = [_first_word(text) for text in smiles]
        read = read_skeletons(texts)
        close = np.zeros(len(texts), np.bool_)
        close[read.text[_in_sorted(read.hashes.astype(np.uint64), self._skeletons)]] = True
        for row in np.flatnonzero(~read.understood).tolist():
            close[row] = self._may_hold(texts[row])
        rows = np.flatnonzero(close)
        found = np.zeros(len(texts), np.bool_)
        as_written = _of_plain([texts[row] for row in rows.tolist()])
        found[rows] = _in_sorted(as_written, self.identities)
        return found, set(np.flatnonzero(close & ~found).tolist())

    def _may_hold(self, text: str) -> bool:
        with BlockLogs():
            mol = parse_smiles(text)
        if isinstance(mol, Status):
            return False
        return bool(_in_sorted(skeletons_of(mol)[0].astype(np.uint64), self._skeletons).any())

    def confirmed(self, plain: Mapping[int, str]) -> list[int]:
        """Rows of the molecules that are one of these.

        Parameters
        ----------
        plain
            :func:`plain_smiles` by row.
        """
        found: set[int] = set()
        left = dict(plain)
        for standardised in (False, True):  # most molecules are their own parents
            if standardised:
                left = {row: _parent(text, self.tautomer) for row, text in left.items()}
            hits = _in_sorted(_of_plain([*left.values()]), self.identities)
            found.update(row for row, known in zip(left, hits.tolist(), strict=True) if known)
            left = {row: text for row, text in left.items() if row not in found}
        return sorted(found)


def probe() -> str:
    """Identities of a fixed, diverse set of molecules, as hexadecimal text.

    Another RDKit may standardise or write molecules otherwise, and would not find what this one
    identified.
    """
    return hashlib.blake2b(identities(PROBE_SMILES)[0].tobytes(), digest_size=8).hexdigest()


def plain_smiles(molecule: Any) -> str | None:
    """Canonical SMILES without stereochemistry, isotopes and atom maps.

    Parameters
    ----------
    molecule
        SMILES, or an RDKit molecule that was read from one. None is returned for no molecule.
    """
    with BlockLogs():
        mol = parse_smiles(molecule) if isinstance(molecule, str) else molecule
        if isinstance(mol, Status):
            return None
        text = str(MolToSmiles(mol, isomericSmiles=False))
        if not _LABELLED.search(text):
            return text
        mol = parse_smiles(without_labels(text))  # what was deuterium joins the other hydrogens
        return text if isinstance(mol, Status) else str(MolToSmiles(mol, isomericSmiles=False))


def _parent(plain: str, tautomer: bool) -> str:
    """The same of the standardised parent."""
    with BlockLogs():
        mol = parse_smiles(plain)
        if isinstance(mol, Status):
            return plain
        return plain_smiles(parent(mol, tautomer=tautomer)) or plain


def _first_word(text: str) -> str:
    words = text.split(None, 1) if isinstance(text, str) else []
    return words[0] if words else ""


def _of_plain(texts: Sequence[str]) -> Identities:
    """``(n,)``: the largest fragment's skeleton, and the text."""
    read = read_skeletons(texts)
    skeleton = np.zeros(len(texts), np.uint64)
    order = np.lexsort((read.hashes, read.sizes))  # later ones are larger, and stay
    skeleton[read.text[order]] = read.hashes[order]
    for at in np.flatnonzero(~read.understood).tolist():
        hashes, sizes = skeletons_of(MolFromSmiles(texts[at], sanitize=False))
        skeleton[at] = hashes[np.lexsort((hashes, sizes))[-1]]
    digests = [hashlib.blake2b(text.encode(), digest_size=4).digest() for text in texts]
    found: Identities = (skeleton << _HALF) | np.frombuffer(b"".join(digests), "<u4")
    return found


def _in_sorted(values: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(values), np.bool_)
    at = np.searchsorted(known, values).clip(max=len(known) - 1)
    equal: NDArray[np.bool_] = known[at] == values
    return equal
