"""Molecules that a model was trained on, eight bytes each.

An identity is that of the standardized parent (:mod:`bioassay_mtl.chem.standardize`): salts,
charges, stereochemistry, isotopes and atom maps make no difference. Its upper half is a hash of the
parent's skeleton (:mod:`bioassay_mtl.chem.skeleton`), its lower half one of its canonical SMILES.
So whether a molecule may be known is seen from its SMILES at once, and only those that may are
standardized.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import MolFromSmiles, MolToSmiles
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.molecule import Notation, parse_flat, parse_smiles, without_labels
from bioassay_mtl.chem.probe import PROBE_SMILES
from bioassay_mtl.chem.skeleton import Skeletons, read_skeletons, skeletons_of
from bioassay_mtl.chem.status import Status

Identities = NDArray[np.uint64]

_NONE = np.zeros(0, np.uint64)
_HALF = np.uint64(32)
_LABELED = re.compile(r"\[\d|:\d+\]|\[H\]")


def identities(
    smiles: Sequence[str], *, tautomer: bool = False
) -> tuple[Identities, NDArray[np.intp]]:
    """Identities of molecules.

    Parameters
    ----------
    smiles
        n SMILES.
    tautomer
        Whether tautomers are one molecule: for models that standardize them.

    Returns
    -------
    ndarray
        ``(m,) uint64``: of those that can be read.
    ndarray
        ``(m,)``: their positions.
    """
    plain = each(plain_smiles, smiles)
    places = np.flatnonzero([_is_text(text) for text in plain])
    return _of_plain(_parents(filter(_is_text, plain), tautomer, apart=True)), places


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

    def __init__(
        self, identities: Identities, unidentified: int = 0, *, tautomer: bool = False
    ) -> None:
        self.tautomer = tautomer
        self._identities = identities
        self._unidentified = unidentified
        self._smiles: dict[str, None] = {}  # not identified yet

    @staticmethod
    def of(smiles: Sequence[str], *, tautomer: bool = False) -> TrainingMolecules:
        """Molecules by their SMILES, identified once they are asked for: that takes time.

        What cannot be read, an empty text for example, counts as unidentified.
        """
        texts = [text for text in smiles if text and not text.isspace()]
        held = TrainingMolecules(_NONE, len(smiles) - len(texts), tautomer=tautomer)
        held._smiles = dict.fromkeys(texts)
        return held

    @staticmethod
    def union(parts: Sequence[TrainingMolecules]) -> TrainingMolecules:
        """All molecules of models that were trained on much the same rows."""
        held = TrainingMolecules(
            np.unique(np.concatenate([part._identities for part in parts])),
            max(part._unidentified for part in parts),
            tautomer=any(part.tautomer for part in parts),
        )
        held._smiles = {text: None for part in parts for text in part._smiles}
        return held

    @property
    def identities(self) -> Identities:
        """``(m,) uint64``, ascending, each once."""
        self._identify()
        return self._identities

    @property
    def n_blank(self) -> int:
        """Number of the unidentified molecules that are seen without looking at any molecule."""
        return self._unidentified

    @property
    def unidentified(self) -> int:
        """Rows trained on whose structure is not known."""
        self._identify()
        return self._unidentified

    def _identify(self) -> None:
        if self._smiles:
            found, _ = identities([*self._smiles], tautomer=self.tautomer)
            self._identities = np.unique(np.concatenate([self._identities, found]))
            self._unidentified += len(self._smiles) - len(found)
            self._smiles = {}

    def __getstate__(self) -> dict[str, Any]:
        self._identify()
        return vars(self)

    def __len__(self) -> int:
        return len(self.identities)

    @cached_property
    def _skeletons(self) -> NDArray[np.uint64]:
        return np.unique(self.identities >> _HALF)

    def hold(self, smiles: Sequence[str]) -> NDArray[np.bool_]:
        """``(n,) bool``: is the molecule one of these? False where a text cannot be read."""
        found: NDArray[np.bool_] = self.find(smiles) > 0
        return found

    def find(self, smiles: Sequence[str]) -> Identities:
        """``(n,)``: identities of the molecules that are one of these, 0 of all others."""
        seen = self.look(smiles)
        close = [*seen.close]
        texts = each(plain_smiles, [smiles[row] for row in close])
        plain = {row: text for row, text in zip(close, texts, strict=True) if _is_text(text)}
        return seen.completed(self.confirmed(plain, seen.skeletons, apart=True))

    def look(self, smiles: Sequence[str]) -> Seen:
        """Facts that texts tell by themselves, in microseconds each.

        Parameters
        ----------
        smiles
            n SMILES.
        """
        texts = [_first_word(text) for text in smiles]
        read = read_skeletons(texts)
        close = np.zeros(len(texts), np.bool_)
        close[read.text[_in_sorted(read.hashes.astype(np.uint64), self._skeletons)]] = True
        for row in np.flatnonzero(~read.understood).tolist():
            close[row] = self._may_hold(texts[row])
        rows = np.flatnonzero(close)
        found, skeletons = np.zeros(len(texts), np.uint64), _largest(read, len(texts))
        as_written = _joined(skeletons[rows], [texts[row] for row in rows.tolist()])
        found[rows] = np.where(_in_sorted(as_written, self.identities), as_written, 0)
        return Seen(found, set(np.flatnonzero(close & (found == 0)).tolist()), skeletons)

    def _may_hold(self, text: str) -> bool:
        # Not parsed but read: what parsing does with rings has no bound of time.
        with BlockLogs():
            mol = MolFromSmiles(text, sanitize=False) if text.isascii() else None
        if mol is None:
            return False
        return bool(_in_sorted(skeletons_of(mol)[0].astype(np.uint64), self._skeletons).any())

    def confirmed(
        self, plain: Mapping[int, str], skeletons: NDArray[np.uint64], *, apart: bool = False
    ) -> dict[int, np.uint64]:
        """Identities, by row, of the molecules that are one of these.

        Parameters
        ----------
        plain
            :func:`plain_smiles` by row, of those that are close.
        skeletons
            :attr:`Seen.skeletons`.
        apart
            Standardize what may take long in another process: not in one that is ended for that.
        """
        rows = [*plain]
        ids = _joined(skeletons[rows], [*plain.values()])
        is_known = _in_sorted(ids, self.identities)  # most are their own parents
        others = [row for row, known in zip(rows, is_known.tolist(), strict=True) if not known]
        ids[~is_known] = _of_plain(_parents([plain[row] for row in others], self.tautomer, apart))
        found = _in_sorted(ids, self.identities).tolist()
        return {row: own for row, own, known in zip(rows, ids, found, strict=True) if known}


class Seen(NamedTuple):
    """Facts that n texts tell of molecules by themselves.

    Attributes
    ----------
    found
        ``(n,) uint64``: identities of those that are training molecules as they are written, or 0.
    close
        Rows of those that may be one otherwise, for a fragment has the skeleton of one:
        :meth:`TrainingMolecules.confirmed` tells.
    skeletons
        ``(n,) uint64``: of the largest fragments; 0 where a text is not understood.
    """

    found: Identities
    close: Set[int]
    skeletons: NDArray[np.uint64]

    def completed(self, confirmed: Mapping[int, np.uint64]) -> Identities:
        """:attr:`found`, with those that were written otherwise."""
        self.found[[*confirmed]] = [*confirmed.values()]
        return self.found


class Search:
    """Looks for training molecules among structures that are being read one by one.

    Parameters
    ----------
    training
        Molecules that are looked for.
    structures
        n SMILES or Mol blocks.
    notation
        Notation of the structures.
    """

    def __init__(
        self, training: TrainingMolecules, structures: Sequence[str], notation: Notation
    ) -> None:
        self._training = training
        self._noted: dict[int, str] = {}
        self._seen = training.look(structures[:]) if notation == "smiles" else None
        self.close: Set[int] = self._seen.close if self._seen else set(range(len(structures)))

    def note(self, row: int, mol: Any) -> None:
        """Take in the molecule of one of the rows that are :attr:`close`."""
        # Of a Mol block there was no text to look at so far: any SMILES is one, in little time.
        self._noted[row] = (
            _plain(mol) if self._seen else MolToSmiles(mol, canonical=False, isomericSmiles=False)
        )

    def found(self, codes: NDArray[np.uint8]) -> Identities:
        """``(n,)``: identities of training molecules; 0 of others, and where a status is not ok.

        Parameters
        ----------
        codes
            ``(n,) uint8``: statuses.
        """
        if self._seen:
            found = self._seen.completed(
                self._training.confirmed(self._noted, self._seen.skeletons)
            )
        else:
            found = np.zeros(len(codes), np.uint64)
            found[[*self._noted]] = self._training.find([*self._noted.values()])
        return np.where(np.equal(codes, Status.OK.code), found, np.uint64(0))


def probe() -> str:
    """Identities of a fixed, diverse set of molecules, as hexadecimal text.

    Another RDKit may standardize or write molecules otherwise, and would not find what this one
    identified.
    """
    return hashlib.blake2b(identities(PROBE_SMILES)[0].tobytes(), digest_size=8).hexdigest()


def plain_smiles(smiles: str) -> str | None:
    """Canonical SMILES without stereochemistry, isotopes and atom maps; None for no molecule."""
    with BlockLogs():
        mol = parse_flat(smiles)
        return None if isinstance(mol, Status) else _plain(mol)


def _plain(mol: Any) -> str:
    text = str(MolToSmiles(mol, isomericSmiles=False))
    if not _LABELED.search(text):
        return text
    mol = parse_smiles(without_labels(text))  # what was deuterium joins the other hydrogens
    return text if isinstance(mol, Status) else str(MolToSmiles(mol, isomericSmiles=False))


@lru_cache(maxsize=1 << 17)  # members of an ensemble, and folds, are of the same molecules
def _parent(plain: str, tautomer: bool) -> str:
    """The same of the standardized parent."""
    from bioassay_mtl.chem.standardize import parent

    with BlockLogs():
        mol = parse_smiles(plain)
        if isinstance(mol, Status):
            return plain
        return _plain(parent(mol, tautomer=tautomer))


def _parents(plain: Iterable[str], tautomer: bool, apart: bool) -> list[str]:
    """Parent of each molecule, or the molecule itself where finding it takes too long."""
    texts, find = [*plain], partial(_parent, tautomer=tautomer)
    found = each(find, texts) if apart else map(find, texts)
    return [new if _is_text(new) else old for old, new in zip(texts, found, strict=True)]


def _is_text(found: object) -> TypeGuard[str]:
    """Whether it is a SMILES: no status, and not nothing."""
    return isinstance(found, str) and not isinstance(found, Status)


def _first_word(text: str) -> str:
    words = text.split(None, 1) if isinstance(text, str) else []
    return words[0] if words else ""


def _of_plain(texts: Sequence[str]) -> Identities:
    """``(n,)``: the largest fragment's skeleton, and the text."""
    read = read_skeletons(texts)
    skeleton = _largest(read, len(texts))
    for at in np.flatnonzero(~read.understood).tolist():
        hashes, sizes = skeletons_of(MolFromSmiles(texts[at], sanitize=False))
        skeleton[at] = hashes[np.lexsort((hashes, sizes))[-1]]
    return _joined(skeleton, texts)


def _largest(read: Skeletons, n: int) -> NDArray[np.uint64]:
    """``(n,)``: skeletons of the largest fragments; 0 where there are none."""
    skeletons = np.zeros(n, np.uint64)
    order = np.lexsort((read.hashes, read.sizes))  # later ones are larger, and stay
    skeletons[read.text[order]] = read.hashes[order]
    return skeletons


def _joined(skeletons: NDArray[np.uint64], texts: Sequence[str]) -> Identities:
    digests = [hashlib.blake2b(text.encode(), digest_size=4).digest() for text in texts]
    found: Identities = (skeletons << _HALF) | np.frombuffer(b"".join(digests), "<u4")
    return found


def _in_sorted(values: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(values), np.bool_)
    at = np.searchsorted(known, values).clip(max=len(known) - 1)
    equal: NDArray[np.bool_] = known[at] == values
    return equal
