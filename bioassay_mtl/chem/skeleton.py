"""Skeletons: heavy atoms and which are bonded, as one number for each fragment.

Standardizing a molecule changes charges, hydrogens and bond orders, takes counter-ions away and
cuts bonds to metals; it leaves the skeleton of every fragment as it is. So molecules that differ in
their skeletons have different parents, which takes a hundred times longer to find out otherwise.

Skeletons are read from the SMILES of many molecules at once, without parsing one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import GetPeriodicTable

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

ROUNDS = 3
"""Bonds that an atom's surroundings reach; what differs further away seldom differs only there."""

_DEEPEST = 32  # branches in branches; each depth is a pass over all atoms
_UNREADABLE = "?"
_HYDROGEN = 1
_NON_METALS = (0, 1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 33, 34, 35, 36, 52, 53, 54, 85, 86)
_IS_METAL = np.ones(256, np.bool_)
_IS_METAL[list(_NON_METALS)] = False

_ORGANIC = {"B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "P": 15, "S": 16, "I": 53, "*": 0}
_ORGANIC |= {symbol.lower(): number for symbol, number in _ORGANIC.items() if symbol in "BCNOPS"}
_SECOND_LETTERS = {"l": 17, "r": 35}
_ATOM, _BOND, _DIGIT, _SECOND, _OPEN, _CLOSE, _DOT, _PERCENT = range(1, 9)
_NUMBER = np.zeros(256, np.int64)
_CLASS = np.zeros(256, np.uint8)
_STEP = np.zeros((2, 256), np.int8)
"""Into and out of what ``[]`` and ``()`` hold."""
_STEP[[0, 0, 1, 1], [ord(letter) for letter in "[]()"]] = 1, -1, 1, -1
for _members, _class in (
    ("".join(_ORGANIC), _ATOM),
    ("-=#$:/\\~<>", _BOND),
    ("0123456789", _DIGIT),
    ("".join(_SECOND_LETTERS), _SECOND),
    ("(", _OPEN),
    (")", _CLOSE),
    (".", _DOT),
    ("%", _PERCENT),
):
    _CLASS[[ord(letter) for letter in _members]] = _class
for _letter, _number in _ORGANIC.items():
    _NUMBER[ord(_letter)] = _number

_SYMBOL = re.compile(r"\d*(\*|[A-Z][a-z]?|[a-z][a-z]?)")


class Skeletons(NamedTuple):
    """Skeletons of the fragments of n texts, in their order.

    Attributes
    ----------
    hashes
        ``(f,) uint32``: the same for equal skeletons.
    sizes
        ``(f,)``: heavy atoms.
    text
        ``(f,)``: the text that each is of.
    understood
        ``(n,) bool``: texts that could be read; of the others there are no fragments.
    """

    hashes: NDArray[np.uint32]
    sizes: Ints
    text: Ints
    understood: NDArray[np.bool_]


def read_skeletons(smiles: Sequence[str]) -> Skeletons:
    """Skeletons of n molecules from their SMILES.

    Parameters
    ----------
    smiles
        Not understood are those with bonds to metals, and with rare notation
        (:func:`skeletons_of` reads their molecules). What is no SMILES is not understood, or has
        skeletons of no meaning.
    """
    joined, data, owner, steps = _letters(smiles)
    if len(out := _open_ended(steps, owner, len(smiles))):
        lost = set(out.tolist())
        readable = [_UNREADABLE if row in lost else text for row, text in enumerate(smiles)]
        joined, data, owner, steps = _letters(readable)
    opens, closes = steps[0] > 0, steps[0] < 0
    plain = (np.cumsum(steps[0], dtype=np.int32) == 0) & ~closes
    kinds = np.take(_CLASS, data) * plain
    bad = np.zeros(len(smiles), np.bool_)
    bad[owner[plain & (kinds == 0)]] = True

    numbers = np.take(_NUMBER, data)
    second = np.flatnonzero(kinds == _SECOND)
    numbers[second - 1] = np.where(data[second] == ord("l"), 17, 35)
    begins = np.flatnonzero(opens)
    contents = [
        joined[a + 1 : b]
        for a, b in zip(begins.tolist(), np.flatnonzero(closes).tolist(), strict=True)
    ]
    numbers[begins] = [*map(_element, contents)]
    place = np.flatnonzero((kinds == _ATOM) | opens)
    number, of_text = numbers[place], owner[place]
    bad[of_text[number < 0]] = True

    parent, first, deep = _parents(kinds, place)
    bad[owner[deep]] = True
    closed, broken = _ring_closures(data, kinds, owner, place)
    bad[broken] = True
    inner = np.flatnonzero(~first)
    a, b = np.append(inner, closed[:, 0]), np.append(parent[inner], closed[:, 1])
    heavy, metal = number != _HYDROGEN, _IS_METAL[number]
    fragment = np.cumsum(first) - 1
    bonds = heavy[a] & heavy[b]
    wrong = bonds & ((fragment[a] != fragment[b]) | metal[a] | metal[b])
    bad[of_text[a[wrong]]] = True
    bonds &= ~wrong

    hashes, sizes = _hashes(number, a[bonds], b[bonds], fragment, int(first.sum()))
    text = of_text[first]
    kept = ~bad[text]
    return Skeletons(hashes[kept], sizes[kept], text[kept], ~bad)


def _letters(
    smiles: Sequence[str],
) -> tuple[str, NDArray[np.uint8], Ints, NDArray[np.int8]]:
    """All texts, each ended by a dot; letters, whose they are, and ``(2, L)`` steps of brackets."""
    joined = "".join([f"{text}." for text in smiles])
    data = np.frombuffer(joined.encode("ascii", "replace"), np.uint8)
    owner = np.repeat(np.arange(len(smiles)), [len(text) + 1 for text in smiles])
    return joined, data, owner, np.stack([np.take(step, data) for step in _STEP])


def _open_ended(steps: NDArray[np.int8], owner: Ints, n: int) -> Ints:
    """Texts whose brackets do not end inside, so that their neighbors would be read otherwise."""
    if not n:
        return np.zeros(0, np.int64)
    starts = np.searchsorted(owner, np.arange(n))
    sums = np.add.reduceat(steps, starts, axis=1, dtype=np.int64)
    depth = np.cumsum(steps[0], dtype=np.int32)
    before = depth[starts] - steps[0, starts]
    is_open: NDArray[np.bool_] = np.asarray(sums.any(axis=0))
    # A parenthesis within an atom, which is none, may hide that one outside is not closed.
    is_open[owner[(steps[1] != 0) & (depth != before[owner])]] = True
    return np.flatnonzero(is_open)


def skeletons_of(mol: Any) -> tuple[NDArray[np.uint32], Ints]:
    """Skeletons of a molecule's fragments and their sizes, atom by atom, bonds to metals cut."""
    number = np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()], np.int64)
    ends = np.array(
        # Not `GetBonds`: RDKit counts from the first bond to each.
        [
            (atom.GetIdx(), other.GetIdx())
            for atom in mol.GetAtoms()
            for other in atom.GetNeighbors()
            if atom.GetIdx() < other.GetIdx()
        ],
        np.int64,
    ).reshape(-1, 2)
    cut = _IS_METAL[number[ends]].any(axis=1)
    fragment = _components(len(number), ends[~cut].tolist())
    a, b = ends[~cut & (number[ends] != _HYDROGEN).all(axis=1)].T
    return _hashes(number, a, b, fragment, int(fragment.max(initial=-1)) + 1)


def _components(n: int, ends: list[list[int]]) -> Ints:
    """Number of each atom's fragment, by merging."""
    root = list(range(n))

    def top(atom: int) -> int:
        while root[atom] != atom:
            root[atom] = atom = root[root[atom]]
        return atom

    for a, b in ends:
        root[top(a)] = top(b)
    return np.unique([top(atom) for atom in range(n)], return_inverse=True)[1].reshape(-1)


@lru_cache(maxsize=4096)
def _element(content: str) -> int:
    """Atomic number of what stands in brackets; -1 where it is not known."""
    found = _SYMBOL.match(content)
    if found is None:
        return -1
    symbol = found[1]
    for text in (symbol, symbol[0]):  # [nH], [Nb]
        text = text.capitalize()
        if text == "*":
            return 0
        if symbol[0].islower() and text not in ("As", "Se", "Te", "Si") and len(text) > 1:
            continue
        number = _numbers().get(text)
        if number is not None:
            return number
    return -1


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    table = GetPeriodicTable()
    return {table.GetElementSymbol(number): number for number in range(1, 119)}


def _parents(kinds: NDArray[np.uint8], place: Ints) -> tuple[Ints, NDArray[np.bool_], Ints]:
    """Atom that each is written behind, whether it begins a fragment, and places too deep."""
    opened, closed, dots = kinds == _OPEN, kinds == _CLOSE, kinds == _DOT
    depths = np.cumsum(opened.view(np.int8) - closed.view(np.int8), dtype=np.int32)
    wrong = np.flatnonzero((dots & (depths != 0)) | (depths > _DEEPEST))
    before = np.concatenate([[-1], place[:-1]])
    # The last bracket ahead of an atom, where none of the atoms is later.
    either = opened | closed
    ahead = np.cumsum(either.view(np.int8), dtype=np.int32)[place]
    latest = np.append(np.flatnonzero(either), -1)[ahead - 1]
    begins = (latest > before) & opened[latest]
    segment = np.cumsum(dots.view(np.int8), dtype=np.int32)[place]
    first = np.concatenate([[True], segment[1:] != segment[:-1]])[: len(place)]
    depth = depths[place].clip(0, _DEEPEST)
    behind = depth - begins
    parent = np.full(len(place), -1, np.int64)
    atoms = np.arange(len(place))
    for level in range(int(behind.max(initial=-1)) + 1):
        latest = np.maximum.accumulate(np.where(depth == level, atoms, -1))
        those = np.flatnonzero((behind == level) & ~first)
        parent[those] = latest[those - 1]
    return parent.clip(0), first, wrong


def _ring_closures(
    data: NDArray[np.uint8], kinds: NDArray[np.uint8], owner: Ints, place: Ints
) -> tuple[Ints, Ints]:
    """``(r, 2)``: atoms joined by the same number, and the texts where numbers make no pairs."""
    percent = np.flatnonzero(kinds == _PERCENT)
    digit = kinds == _DIGIT
    long = digit[percent + 1] & digit[np.minimum(percent + 2, len(data) - 1)]
    broken = owner[percent[~long]]
    percent = percent[long]
    digit[percent + 1] = digit[percent + 2] = False
    single = np.flatnonzero(digit)
    values = data.astype(np.int64) - ord("0")
    at = np.concatenate([single, percent])
    label = np.concatenate([values[single], 10 * values[percent + 1] + values[percent + 2]])
    key = owner[at] * 100 + label
    order = np.lexsort((at, key))
    at, key = at[order], key[order]
    odd = np.bincount(key, minlength=1) % 2 == 1
    if odd.any():
        broken = np.concatenate([broken, np.flatnonzero(odd) // 100])
        kept = ~odd[key]
        at = at[kept]
    atoms = np.searchsorted(place, at) - 1
    of_atom = np.append(owner[place], -1)[atoms]  # a number ahead of any atom is of none
    own = (of_atom == owner[at]).reshape(-1, 2).all(axis=1)
    return atoms.reshape(-1, 2)[own], broken


def _hashes(
    number: Ints, a: Ints, b: Ints, fragment: Ints, n_fragments: int
) -> tuple[NDArray[np.uint32], Ints]:
    """Hash and size of each fragment: its atoms' surroundings, in any order; bonds are a to b."""
    heavy = number != _HYDROGEN
    held = _mixed(number.astype(np.uint64) + np.uint64(1))
    for _ in range(ROUNDS):
        around = np.zeros(len(number), np.uint64)
        np.add.at(around, a, held[b])
        np.add.at(around, b, held[a])
        held = _mixed(held * np.uint64(3) + around)
    total = np.zeros(n_fragments, np.uint64)
    np.add.at(total, fragment[heavy], _mixed(held[heavy]))
    sizes = np.bincount(fragment[heavy], minlength=n_fragments)
    return (_mixed(total) >> np.uint64(32)).astype(np.uint32), sizes


def _mixed(values: Hashes) -> Hashes:
    """Each bit depends on all: the finalizer of splitmix64 (Steele, Lea and Flood, 2014)."""
    values = values ^ (values >> np.uint64(30))
    values = values * np.uint64(0xBF58476D1CE4E5B9)
    values = values ^ (values >> np.uint64(27))
    values = values * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
