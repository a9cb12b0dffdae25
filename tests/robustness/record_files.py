"""Files of good, bad and hard records, and what each record is."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

from tests.robustness.hard_molecules import hard_molecules

ALPHABET = "()[]=#@+-./\\%0123456789CNOSPFclnos*HX"
SHARES = {
    "real": 0.70,
    "mutated": 0.24,
    "blank": 0.02,
    "quoted name": 0.02,
    "not UTF-8": 0.01,
    "malformed": 0.01,
}
"""Kinds of records, and how many of a file are of each."""
LONG = {"long name": 3, "long structure": 3, "beyond the limit": 1}
"""Kinds of which a file has few."""
NAME_BYTES = 1_000_000
STRUCTURE_BYTES = 1_000_000
BEYOND_BYTES = 80 * 1024 * 1024
_ODD = (b"caf\xe9", b"\x93two\x94", b"\xff\xc3", b"\x00nul")


@dataclass(frozen=True)
class Entry:
    """One record: what it is, the first word of its name, SMILES as written, rest of the name."""

    kind: str
    id: str
    smiles: str
    rest: bytes = b""

    @property
    def name(self) -> bytes:
        return self.id.encode() + (b" " + self.rest if self.rest else b"")


def entries(
    n: int,
    smiles: Sequence[str],
    seed: int,
    without: Collection[str] = (),
    n_hard: int | None = None,
) -> list[Entry]:
    """So many records in a random order, the first one a real molecule, these used in turn.

    Some kinds can be left out, and hard molecules be fewer than all.
    """
    chance = random.Random(seed)
    hardest = list(hard_molecules().values())
    hard = [Entry("hard", "", each) for each in chance.sample(hardest, n_hard or len(hardest))]
    few = [Entry(kind, "", "") for kind, count in LONG.items() for _ in range(count)]
    special = [entry for entry in hard + few if entry.kind not in without]
    kinds = {kind: share for kind, share in SHARES.items() if kind not in without}
    drawn = chance.choices(list(kinds), list(kinds.values()), k=n - 1 - len(special))
    found = [*(Entry(kind, "", "") for kind in drawn), *special]
    chance.shuffle(found)
    real = cycle(smiles)
    whole = (_whole(entry, next(real), chance) for entry in [Entry("real", "", ""), *found])
    return [replace(entry, id=f"R{row}") for row, entry in enumerate(whole, 1)]


def _whole(entry: Entry, smiles: str, chance: random.Random) -> Entry:
    kind = entry.kind
    if kind in ("hard", "blank"):
        return entry
    if kind == "mutated":
        return replace(entry, smiles=mutated(smiles, chance))
    if kind == "long structure":
        return replace(entry, smiles="C" * STRUCTURE_BYTES)
    if kind == "not UTF-8":
        return replace(entry, smiles=smiles, rest=chance.choice(_ODD))
    if kind == "quoted name":
        return replace(entry, smiles=smiles, rest=b'2-"quoted", name\'s')
    lengths = {"long name": NAME_BYTES, "beyond the limit": BEYOND_BYTES}
    return replace(entry, smiles=smiles, rest=b"n" * lengths.get(kind, 0))


def mutated(smiles: str, chance: random.Random) -> str:
    """Characters dropped, added, swapped or replaced."""
    text = list(smiles)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text))
        way = chance.choice(("drop", "add", "swap", "replace"))
        if way == "drop" and len(text) > 1:
            del text[at]
        elif way == "add":
            text.insert(at, chance.choice(ALPHABET))
        elif way == "swap":
            text[at - 1], text[at] = text[at], text[at - 1]
        else:
            text[at] = chance.choice(ALPHABET)
    return "".join(text)


def write_smi(path: Path, records: Sequence[Entry]) -> list[Entry]:
    """Write lines of SMILES and names; the records as such a file has them.

    A blank line has no name, and nothing is malformed.
    """
    blank = iter(cycle((True, False)))
    whole = [replace(e, kind="real") if e.kind == "malformed" else e for e in records]
    kept = [replace(e, id="") if e.kind == "blank" and next(blank) else e for e in whole]
    with path.open("wb") as file:
        for entry in kept:
            separator = b"\t" if entry.kind == "blank" else b" "
            file.write(entry.smiles.encode() + separator + entry.name if entry.id else b"")
            file.write(b"\n")
    return kept


def write_csv(path: Path, records: Sequence[Entry]) -> list[Entry]:
    """Write a table of names and SMILES; the records as such a file has them."""
    with path.open("wb") as file:
        file.write(b"id,smiles\n")
        for entry in records:
            more = [b"one too many"] * (entry.kind == "malformed")
            file.write(b",".join([_cell(entry.name), _cell(entry.smiles.encode()), *more]) + b"\n")
    return list(records)


def _cell(content: bytes) -> bytes:
    if not {b'"', b","} & {content[i : i + 1] for i in range(min(100, len(content)))}:
        return content
    return b'"' + content.replace(b'"', b'""') + b'"'
