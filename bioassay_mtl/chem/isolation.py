"""Structures that may take a process with them are looked at in another one.

RDKit's C++ code cannot be interrupted. In this process only plain structures are looked at: few
rings, little text, few branches that meet; their time is bounded by what RDKit does with rings,
which is where highly symmetric and densely fused systems take hours, and by the ways to choose
among the bonds of an atom, which fingerprints of paths go through. All others go to one worker
process with a time limit, which starts at the first of them (half a second) and then stays.
"""

from __future__ import annotations

import atexit
import os
import pickle
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.pool import Pool, Records
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.supervised import DEFAULT_TIMEOUT
from bioassay_mtl.chem.worker import mapping

MOST_RINGS = 12
MOST_CHARACTERS = 256
MOST_ATOMS = 150
MOST_MEETING = 8
"""Limits of a structure that is read in this process: rings, characters of SMILES, atoms of a Mol
block, branches that follow another at the same atom (all atoms together; of a Mol block, bonds
beyond the fourth)."""

_RING_ENDS = re.compile(r"\[[^\]]*\]|%\(\d*\)|%\d\d|\d")
_V3000_COUNTS = re.compile(r"M  V30 COUNTS (\d+) (\d+)")
_V3000_BOND = re.compile(r"^M  V30 +\d+ +\d+ +(\d+) +(\d+)", re.MULTILINE)

T = TypeVar("T")


def is_plain(structure: object, notation: Notation = "smiles") -> bool:
    """Whether a structure is sure to take little time, told from its text alone.

    Examples
    --------
    >>> is_plain("CC(=O)Oc1ccccc1C(=O)O"), is_plain("C" * 300), is_plain("C12CC1C2" * 10)
    (True, False, False)
    """
    if not isinstance(structure, str):
        return True
    return _is_plain_smiles(structure) if notation == "smiles" else _is_plain_block(structure)


def _is_plain_smiles(text: str) -> bool:
    words = text.split(None, 1) if len(text) > MOST_CHARACTERS or " " in text else [text]
    smiles = words[0] if words else ""
    if len(smiles) > MOST_CHARACTERS or smiles.count(")(") > MOST_MEETING:
        return False
    if len(smiles) <= 2 * MOST_RINGS:  # there are no more digits than characters
        return True
    ends = sum(1 for end in _RING_ENDS.findall(smiles) if end[0] != "[")
    return ends <= 2 * MOST_RINGS


def _is_plain_block(text: str) -> bool:
    head = text.split("\n", 4)
    if len(head) < 5:
        return False
    _, _, _, counts, table = head
    found: Sequence[str] = counts[:3], counts[3:6]
    if "V3000" in counts:
        match = _V3000_COUNTS.search(table)
        found = match.groups() if match else ()
    try:
        atoms, bonds = map(int, found)
        if atoms > MOST_ATOMS or bonds - atoms >= MOST_RINGS:
            return False
        return _n_meeting(table, atoms, bonds, "V3000" in counts) <= MOST_MEETING
    except ValueError:  # not a Mol block, or one that only a parser understands
        return False


def _n_meeting(table: str, atoms: int, bonds: int, is_v3000: bool) -> int:
    """Bonds beyond the fourth of their atom; a ValueError where not all bonds are seen."""
    lines = table.split("\n")[atoms : atoms + bonds]
    ends = (
        [(int(a), int(b)) for a, b in _V3000_BOND.findall(table)]
        if is_v3000
        else [(int(line[:3]), int(line[3:6])) for line in lines]
    )
    if len(ends) != bonds:
        raise ValueError("bonds are missing")
    degrees = Counter(atom for pair in ends for atom in pair)
    return sum(max(0, degree - 4) for degree in degrees.values())


def each(
    function: Callable[[Any], T],
    structures: Iterable[Any],
    notation: Notation = "smiles",
    timeout: float = DEFAULT_TIMEOUT,
) -> list[T | Status]:
    """Result of a function for each structure, or the status of one that ended its worker.

    Parameters
    ----------
    function
        Known by its name in its module, so that a worker can import it.
    structures
        n SMILES or Mol blocks.
    notation
        Notation of the structures.
    timeout
        Seconds that one may take; 0 for no limit.
    """
    listed = list(structures)
    apart = [at for at, text in enumerate(listed) if not is_plain(text, notation)]
    if not apart:
        return [function(text) for text in listed]
    away = dict(zip(apart, _each_apart(function, listed, apart, notation, timeout), strict=True))
    return [away[at] if at in away else function(text) for at, text in enumerate(listed)]


def _each_apart(
    function: Callable[[Any], T],
    listed: list[Any],
    apart: list[int],
    notation: Notation,
    timeout: float,
) -> list[T | Status]:
    recipe = pickle.dumps((mapping, function))
    records = Records([listed[at] for at in apart], notation, {})
    return [one for part in answers_apart(recipe, records, timeout) for one in part]


def answers_apart(recipe: bytes, records: Records, timeout: float = DEFAULT_TIMEOUT) -> list[Any]:
    """Answers of the worker that stays, to consecutive parts of the records."""
    return _staying_pool(timeout).submit(recipe, records).result()


def _staying_pool(timeout: float) -> Pool:
    with _LOCK:
        key = os.getpid(), timeout  # the copy of this process that a fork makes needs its own
        if key not in _POOLS:
            pool = _POOLS[key] = Pool(1, timeout).__enter__()
            atexit.register(_stop, pool, os.getpid())
        return _POOLS[key]


def _stop(pool: Pool, pid: int) -> None:
    if os.getpid() == pid:
        pool.stop()


_LOCK = threading.Lock()
_POOLS: dict[tuple[int, float], Pool] = {}
