"""The atoms and bonds of many molecules, read from RDKit's own binary form at once.

Asking RDKit for each property of each atom costs several times the parsing of the SMILES;
``Mol.ToBinary`` is one call a molecule. Its records are of unlike length, so all molecules are
walked side by side: the first atom of each, the second of each, and so on.

The form belongs to RDKit and may change. So it is first read for molecules that have every kind of
record, and used only where that equals what RDKit says atom by atom; and of each molecule the form
must be met to the byte, or it is read atom by atom.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import Mol, MolFromSmiles, PropertyPickleOptions
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.graphs.fields import MolFields, fields_of
from bioassay_mtl.chem.probe import PROBE_SMILES

# The conformers of Mol blocks are not needed.
PICKLE_OPTIONS = int(getattr(PropertyPickleOptions, "NoConformers", 0))

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

_log = logging.getLogger(__name__)

_MAGIC = (0xEF, 0xBE, 0xAD, 0xDE, 0, 0, 0, 0, 16, 0, 0, 0)  # byte order, VERSION, major version
_COUNTS = 20  # where the numbers of atoms and bonds are
_BEGIN_ATOMS, _BEGIN_BONDS, _BEGIN_RINGS = (0x80, 1), 11, (20, 66)
_HEADER = 30  # bytes before the first atom
_MAX_ATOMS = 255  # an atom's index takes four bytes above
_MAX_BONDS = 1024

# An atom: number, flags, four bytes that say which of these follow, one byte each but the last.
_ATOM_HEAD = 6
_ATOM_AROMATIC, _ATOM_UNKNOWN = 0x40, 0x9F  # flags; 0x20 is "no implicit hydrogens"
_CHARGE, _CHIRALITY, _HYBRIDIZATION, _EXPLICIT_H, _VALENCE, _IMPLICIT_H, _RADICALS = range(1, 8)
_ISOTOPE = 8
_DEFAULTS = {_HYBRIDIZATION: 4}  # SP3

# A bond: begin, end, flags that say which of these follow.
_BOND_HEAD = 3
_TYPE, _DIRECTION, _STEREO = 0x08, 0x04, 0x02
_CONJUGATED, _BOND_UNKNOWN = 0x20, 0x91  # 0x40 is "aromatic", which the type says too

# More than the longest records, so that a walk that lost its way stays inside the buffer.
_PADDING = 300 * _MAX_BONDS + 300 * _MAX_ATOMS

_TRIALS = (
    *PROBE_SMILES,
    "C[CH2]",
    "[CH2][CH2]",
    "[U+6]",
    "F[P-](F)(F)(F)(F)F",
    "C[S@](=O)c1ccccc1",
    "F/C=C\\F",
    "FC(F)=C=O",
    "N->[Pt](Cl)Cl",
    "*CC[13C@@H](F)Cl",
    "[CH3:1][OH:2]",
    "[235U]",
    "[HH]",
    "[H+]",
    "C" * 300,
    "",
)


@lru_cache(maxsize=1)
def understood() -> bool:
    """Whether the installed RDKit writes the binary form that is read here."""
    with BlockLogs():
        mols = [MolFromSmiles(smiles) for smiles in _TRIALS]
    fields, read = _read([mol.ToBinary(PICKLE_OPTIONS) for mol in mols])
    expected = fields_of(mol for mol, is_read in zip(mols, read, strict=True) if is_read)
    same = read.sum() > len(PROBE_SMILES) and equal(fields, expected)
    if not same:
        _log.info("this RDKit's binary form is unknown: graphs are made atom by atom, slowly")
    return bool(same)


def equal(a: MolFields, b: MolFields) -> bool:
    """Whether two sets of molecules agree in everything."""
    return all(
        all(np.array_equal(left[key], right[key]) for key in left)
        if isinstance(left, dict)
        else np.array_equal(left, right)
        for left, right in zip(vars(a).values(), vars(b).values(), strict=True)
    )


def read_fields(texts: Sequence[bytes]) -> tuple[MolFields, NDArray[np.bool_]]:
    """Fields of the molecules whose binary form is met, and which these are.

    Parameters
    ----------
    texts
        n molecules, each from ``mol.ToBinary(PICKLE_OPTIONS)``.

    Returns
    -------
    MolFields
        Fields of those that were read, in order.
    numpy.ndarray
        ``(n,) bool``: those that were; the others are for :func:`slow_fields`.
    """
    if not understood():
        return fields_of([]), np.zeros(len(texts), dtype=np.bool_)
    return _read(texts)


def slow_fields(texts: Sequence[bytes]) -> MolFields:
    """Fields of molecules in binary form, atom by atom."""
    return fields_of(Mol(text) for text in texts)


def _read(texts: Sequence[bytes]) -> tuple[MolFields, NDArray[np.bool_]]:
    data = np.frombuffer(b"".join(texts) + bytes(_PADDING), dtype=np.uint8)
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.cumsum(sizes) - sizes
    good = _headers(data, starts)
    while True:  # again without those that are not understood; most often there are none
        fields, bad = _walk(data, starts[good])
        if not bad.any():
            return fields, good
        good[np.flatnonzero(good)[bad]] = False


def _headers(data: Bytes, starts: Ints) -> NDArray[np.bool_]:
    head = data[starts[:, None] + np.arange(_HEADER)]
    good: NDArray[np.bool_] = (head[:, : len(_MAGIC)] == _MAGIC).all(axis=1)
    good &= (head[:, _HEADER - 2 :] == _BEGIN_ATOMS).all(axis=1)
    n_atoms, n_bonds = _counts(data, starts)
    good &= (n_atoms <= _MAX_ATOMS) & (n_bonds <= _MAX_BONDS)
    return good


def _counts(data: Bytes, starts: Ints) -> tuple[Ints, Ints]:
    counts = data[(starts + _COUNTS)[:, None] + np.arange(8)].view("<u4").astype(np.int64)
    return counts[:, 0], counts[:, 1]


def _walk(data: Bytes, starts: Ints) -> tuple[MolFields, NDArray[np.bool_]]:
    n_atoms, n_bonds = _counts(data, starts)
    bad = np.zeros(len(starts), dtype=np.bool_)
    place, end = _positions(starts + _HEADER, n_atoms, lambda at: _atom_length(data, at))
    molecule = np.repeat(np.arange(len(starts)), n_atoms)
    atoms, isotopes, unknown = _atoms(data, place)
    bad[molecule[unknown]] = True
    bad |= data[end] != _BEGIN_BONDS

    place, end = _positions(end + 1, n_bonds, lambda at: _bond_length(data, at))
    of_bond = np.repeat(np.arange(len(starts)), n_bonds)
    bonds, ends, unknown = _bonds(data, place)
    unknown |= (ends >= n_atoms[of_bond, None]).any(axis=1)
    bad[of_bond[unknown]] = True
    bad |= ~np.isin(data[end], _BEGIN_RINGS)
    if bad.any():
        return fields_of([]), bad

    first = np.cumsum(n_atoms) - n_atoms
    joined = ends + first[of_bond, None]
    degree = np.bincount(joined.ravel(), minlength=len(molecule))
    atoms["degree"] = (atoms["hydrogens"] + degree).astype(np.uint8)
    bonds["in_ring"], bad = _ring_bonds(data, end + 1, n_atoms, ends, of_bond)
    atoms["in_ring"] = np.zeros(len(molecule), dtype=np.uint8)
    atoms["in_ring"][joined[bonds["in_ring"] == 1]] = 1
    return MolFields(n_atoms, n_bonds, atoms, isotopes, ends.astype(np.uint16), bonds), bad


def _positions(at: Ints, counts: Ints, length: Any) -> tuple[Ints, Ints]:
    """Start of each record, molecule by molecule, and the end of each molecule's records."""
    order = np.argsort(-counts, kind="stable")
    at, first = at[order], (np.cumsum(counts) - counts)[order]
    places = np.empty(counts.sum(), dtype=np.int64)
    steps = np.arange(counts.max(initial=0))
    going = len(counts) - np.searchsorted(np.sort(counts), steps, "right")
    for step, n in enumerate(going.tolist()):
        now = at[:n]
        places[first[:n] + step] = now
        now += length(now)
    end = np.empty_like(at)
    end[order] = at
    return places, end


def _bits(number: int, low: int, high: int) -> int:
    return bin(number >> low & (1 << high - low) - 1).count("1")


_ATOM_LENGTH = np.array([_ATOM_HEAD + _bits(low, 1, 8) for low in range(256)])


def _atom_length(data: Bytes, at: Ints) -> Ints:
    length: Ints = _ATOM_LENGTH[data[at + 2]] + 4 * (data[at + 3] & 1)
    return length


def _atoms(data: Bytes, at: Ints) -> tuple[dict[str, Bytes], NDArray[np.uint16], NDArray[np.bool_]]:
    flags, which = data[at + 1], data[at + 2]
    cursor, value = at + _ATOM_HEAD, {}
    for bit in range(1, 8):
        there = which >> bit & 1
        value[bit] = np.where(there, data[cursor], np.uint8(_DEFAULTS.get(bit, 0)))
        cursor += there
    isotopes = np.zeros(len(at), dtype=np.uint16)
    labeled = np.flatnonzero(data[at + 3] & 1)
    isotopes[labeled] = data[cursor[labeled, None] + np.arange(2)].view("<u2")[:, 0]
    unknown = (flags & _ATOM_UNKNOWN) | (which & 1) | (data[at + 3] & 0xFE)
    unknown |= data[at + 4] | data[at + 5]
    fields = {
        "number": data[at],
        "charge": value[_CHARGE],
        "chirality": value[_CHIRALITY],
        "hybridization": value[_HYBRIDIZATION],
        "hydrogens": value[_EXPLICIT_H] + value[_IMPLICIT_H],
        "radicals": value[_RADICALS],
        "aromatic": (flags & _ATOM_AROMATIC != 0).astype(np.uint8),
    }
    return fields, isotopes, unknown != 0


_BOND_LENGTH = np.array(
    [_BOND_HEAD + _bits(flags, 1, 4) + (flags & _STEREO > 0) for flags in range(256)]
)


def _bond_length(data: Bytes, at: Ints) -> Ints:
    flags = data[at + 2]
    length: Ints = _BOND_LENGTH[flags]
    stereo = np.flatnonzero(flags & _STEREO)
    if len(stereo):  # the last byte is the number of atoms that follow it, one byte each
        length[stereo] += data[at[stereo] + length[stereo] - 1]
    return length


def _bonds(data: Bytes, at: Ints) -> tuple[dict[str, Bytes], Ints, NDArray[np.bool_]]:
    flags, cursor = data[at + 2], at + _BOND_HEAD
    type_ = np.where(flags & _TYPE, data[cursor], np.uint8(1))
    cursor = at + _BOND_HEAD + (flags & _TYPE > 0) + (flags & _DIRECTION > 0)
    fields = {
        "type": type_,
        "stereo": np.where(flags & _STEREO, data[cursor], np.uint8(0)),
        "conjugated": (flags & _CONJUGATED != 0).astype(np.uint8),
    }
    ends = np.stack([data[at], data[at + 1]], axis=1).astype(np.int64)
    return fields, ends, flags & _BOND_UNKNOWN != 0


def _ring_bonds(
    data: Bytes, at: Ints, n_atoms: Ints, ends: Ints, of_bond: Ints
) -> tuple[Bytes, NDArray[np.bool_]]:
    """``(n_bonds,) uint8``: is the bond in a ring; and the molecules whose rings make no sense."""
    n_rings = data[at[:, None] + np.arange(4)].view("<u4")[:, 0].astype(np.int64)
    n_rings = np.where(n_rings > _MAX_ATOMS, 0, n_rings)
    at, _ = _positions(at + 4, n_rings, lambda now: 1 + data[now].astype(np.int64))
    of_ring, sizes = np.repeat(np.arange(len(n_atoms)), n_rings), data[at].astype(np.int64)
    of_member = np.repeat(of_ring, sizes)
    first = np.cumsum(sizes) - sizes
    step = np.arange(len(of_member)) - np.repeat(first, sizes)
    start = np.repeat(at + 1, sizes)
    member = data[start + step].astype(np.int64)
    following = data[start + (step + 1) % np.repeat(sizes, sizes)].astype(np.int64)
    bad = np.zeros(len(n_atoms), dtype=np.bool_)
    bad[of_member[member >= n_atoms[of_member]]] = True
    # One square of atom pairs a molecule.
    corner = np.cumsum(n_atoms**2) - n_atoms**2
    pairs = np.zeros(int((n_atoms**2).sum()) + 256**2, dtype=np.uint8)
    for a, b in ((member, following), (following, member)):
        pairs[corner[of_member] + a * n_atoms[of_member] + b] = 1
    in_ring: Bytes = pairs[corner[of_bond] + ends[:, 0] * n_atoms[of_bond] + ends[:, 1]]
    return in_ring, bad
