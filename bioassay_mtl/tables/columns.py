"""Roles of columns: found by name and by what they hold, here for every reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.molecule import canonical_smiles
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.wording import setting


class Place(Protocol):
    """Place of a fault, and where else to look."""

    elsewhere: str

    def fault(self, message: str, line: int | None = None, hint: str | None = None) -> InputError:
        """An error there."""


if TYPE_CHECKING:
    import pyarrow as pa

# Compared without case, spaces, hyphens and underscores; earlier names go first.
SMILES_NAMES = (
    "smiles",
    "canonicalsmiles",
    "isomericsmiles",
    "cansmiles",
    "rdkitsmiles",
    "smilesstring",
    "cxsmiles",
    "smi",
    "structure",
    "mol",
    "molecule",
)
ID_NAMES = (
    "id",
    "name",
    "compoundid",
    "moleculeid",
    "molid",
    "moleculechemblid",
    "chemblid",
    "cid",
    "pubchemcid",
    "zincid",
    "compoundname",
    "moleculename",
    "molname",
    "identifier",
    "title",
    "molecule",
    "compound",
    "substance",
)


SAMPLE = 50
"""Rows whose cells are looked at."""

_MOSTLY = 0.5


def plain(name: str) -> str:
    """A column's name without case, spaces, hyphens and underscores."""
    return name.casefold().translate(_FILLERS)


_FILLERS = str.maketrans("", "", " -_\t")


def smiles_column(
    header: Sequence[str],
    wanted: str | None,
    sample: Callable[[int], Sequence[str]],
    source: Place,
) -> int:
    """Position of the SMILES column: what has a name of SMILES, and holds some.

    Parameters
    ----------
    header
        Names of all columns.
    wanted
        The one that was asked for.
    sample
        The first cells of the column at a position, fewer than `SAMPLE` if the table is short.
    source
        Source whose faults are reported.

    Raises
    ------
    InputError
        If there is none, or several that hold different molecules.
    """
    if wanted is not None:
        return _named(header, wanted, source, "smiles_column")
    candidates = _candidates(header)
    if not candidates:
        raise _none_of(header, sample, source)
    for place in candidates:
        if list(header).count(header[place]) > 1:
            raise source.fault(f"column {header[place]!r} occurs twice", line=1)
    if len(candidates) == 1 and "smiles" in plain(header[candidates[0]]):
        return candidates[0]
    cells = {place: [cell.strip() for cell in sample(place)[:SAMPLE]] for place in candidates}
    if not any(any(texts) for texts in cells.values()):
        return candidates[0]
    molecules = {place: _molecules(texts) for place, texts in cells.items()}
    holding = [place for place in candidates if _is_smiles(molecules[place])]
    if not holding:
        place = candidates[0]
        text = next(filter(None, cells[place]), "")
        raise source.fault(
            f"no SMILES column: {header[place]!r} holds no SMILES, such as {text!r}",
            line=1,
            hint=f"name it with {setting('smiles_column')}; columns: {_listed(header)}",
        )
    named = [place for place in holding if "smiles" in plain(header[place])] or holding
    first = named[0]
    if others := [at for at in named if _differ(molecules[at], molecules[first])]:
        raise source.fault(
            "several columns could hold the SMILES, and they differ: "
            f"{_listed([header[place] for place in (first, *others)])}",
            line=1,
            hint=f"name one with {setting('smiles_column')}",
        )
    return first


class _File:
    """Source of a table, if it was read from any."""

    def __init__(self, path: Path, elsewhere: str) -> None:
        self._path = path
        self.elsewhere = elsewhere

    def fault(self, message: str, line: int | None = None, hint: str | None = None) -> InputError:
        return InputError(message, file=self._path, line=line, hint=hint)


def smiles_column_of(table: pa.Table, path: Path) -> str:
    """The SMILES column of a whole table, by the same rules."""
    names: list[str] = table.column_names

    def sample(place: int) -> list[str]:
        cells = table.column(place).slice(0, SAMPLE).to_pylist()
        return ["" if cell is None else str(cell) for cell in cells]

    elsewhere = (table.schema.metadata or {}).get(_ELSEWHERE, b"").decode()
    return names[smiles_column(names, None, sample, _File(path, elsewhere))]


_ELSEWHERE = b"bioassay_mtl elsewhere"


def with_elsewhere(table: pa.Table, said: str) -> pa.Table:
    """A table that knows where else to look for a column of SMILES."""
    known = {**(table.schema.metadata or {}), _ELSEWHERE: said.encode()}
    return table.replace_schema_metadata(known) if said else table


def _candidates(header: Sequence[str]) -> list[int]:
    """Columns with names of SMILES, those with the usual ones first."""
    names = [plain(name) for name in header]
    rank = {name: number for number, name in enumerate(SMILES_NAMES)}

    def order(place: int) -> tuple[int, bool]:
        return rank.get(names[place], len(rank)), header[place] != names[place]

    found = [at for at, name in enumerate(names) if name in rank or "smiles" in name]
    return sorted(found, key=order)


def names_below(header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> str:
    """Hint where no column has a name of SMILES, and one of the first rows has.

    Examples
    --------
    >>> names_below(["Project X"], [(2, []), (3, ["name", "SMILES"]), (4, ["a", "CCO"])])
    'line 3 seems to name the columns: leave out what is above it'
    """
    if _candidates(header):
        return ""
    for line, row in islice(rows, _TITLES):
        if len(row) > 1 and _candidates(row):
            return f"line {line} seems to name the columns: leave out what is above it"
    return ""


_TITLES = 20
"""Rows among which the names of columns are looked for."""


def _none_of(
    header: Sequence[str], sample: Callable[[int], Sequence[str]], source: Place
) -> InputError:
    """No name is one of SMILES; maybe some column holds them all the same."""
    samples = {place: sample(place)[:SAMPLE] for place in range(min(len(header), _LOOKED_AT))}
    holding = [
        header[place]
        for place, texts in samples.items()
        if any(len(text) > _SHORT for text in texts) and _is_smiles(_molecules(texts))
    ]
    guess = f"{_listed(holding)} may hold some; " if holding else ""
    guess += f"{source.elsewhere}; or " if source.elsewhere else ""
    return source.fault(
        "no SMILES column",
        line=1,
        hint=f"{guess}name it with {setting('smiles_column')}; columns: {_listed(header)}",
    )


_LOOKED_AT = 50
_SHORT = 6
"""Characters of a SMILES that an abbreviation may look like."""


def _molecules(texts: Sequence[str]) -> list[str | None]:
    """Canonical SMILES of each text; None where it is none or takes long, empty where it is empty.

    Examples
    --------
    >>> _molecules(["OCC", "", "cpd 7"])
    ['CCO', '', None]
    """
    found = each(partial(canonical_smiles, notation="smiles"), texts, timeout=_TIMEOUT)
    return [
        "" if not text.strip() else None if isinstance(one, Status) else one
        for text, one in zip(texts, found, strict=True)
    ]


_TIMEOUT = 2.0


def _is_smiles(molecules: Sequence[str | None]) -> bool:
    filled = [one for one in molecules if one != ""]
    return sum(one is not None for one in filled) > _MOSTLY * len(filled)


def _differ(some: Sequence[str | None], others: Sequence[str | None]) -> bool:
    """Whether two columns hold different molecules in a row where both hold any."""
    return any(a != b for a, b in zip(some, others, strict=False) if a and b)


def id_column(
    header: Sequence[str], wanted: str | None, source: Place, but: int | None = None
) -> int | None:
    """Position of the id column, or None where none is asked for or known by its name.

    `but` is the column of SMILES, which is no id whatever it is called.
    """
    if wanted is not None:
        return _named(header, wanted, source, "id_column")
    names = ["" if place == but else plain(name) for place, name in enumerate(header)]
    return next((names.index(known) for known in ID_NAMES if known in names), None)


def bare_names(names: Sequence[str]) -> list[str]:
    """Names of columns without the blanks around them."""
    return [name.strip() for name in names]


def check_names(names: Sequence[str], file: str | Path, line: int | None = None) -> None:
    """Raise an InputError where two columns have one name."""
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"column {name!r} occurs twice", file=file, line=line)


def further_columns(header: Sequence[str], wanted: Sequence[str], source: Place) -> list[int]:
    """Positions of columns that a model reads, by their very names.

    Raises
    ------
    InputError
        If some are not there, or there twice.
    """
    header, given = bare_names(header), header
    wanted = bare_names(wanted)
    missing = [name for name in wanted if name not in header]
    if missing:
        raise source.fault(
            f"the columns {', '.join(wanted)} are asked for; missing: {', '.join(missing)}",
            hint=f"columns: {_listed(given)}",
        )
    for name in wanted:
        if header.count(name) > 1:
            raise source.fault(f"column {name!r} occurs twice", line=1)
    return [header.index(name) for name in wanted]


def _named(header: Sequence[str], wanted: str, source: Place, name: str) -> int:
    if wanted in header:
        return list(header).index(wanted)
    folded = [name.strip().casefold() for name in header]
    if wanted.strip().casefold() in folded:
        return folded.index(wanted.strip().casefold())
    close = get_close_matches(wanted, header, n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    raise source.fault(
        f"no column {wanted!r}",
        line=1,
        hint=f"{guess}{setting(name)} takes one of: {_listed(header)}",
    )


def _listed(header: Sequence[str], most: int = 20) -> str:
    more = f", and {len(header) - most} more" if len(header) > most else ""
    return ", ".join(map(repr, header[:most])) + more
