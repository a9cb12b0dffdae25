"""Which column holds the structure, and which the id."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from difflib import get_close_matches

from bioassay_mtl.tables.stream import Source
from bioassay_mtl.wording import setting

log = logging.getLogger(__name__)

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
)


def plain(name: str) -> str:
    """A column's name without case, spaces, hyphens and underscores."""
    return name.casefold().translate(_FILLERS)


_FILLERS = str.maketrans("", "", " -_\t")


def smiles_column(header: Sequence[str], wanted: str | None, source: Source) -> int:
    """Position of the SMILES column.

    Raises
    ------
    InputError
        Where there is none, or several that could be meant.
    """
    if wanted is not None:
        return _named(header, wanted, source, "smiles_column")
    names = [plain(name) for name in header]
    candidates = [i for i, name in enumerate(names) if "smiles" in name]
    for known in SMILES_NAMES:
        if known in names:
            place = header.index(known) if known in header else names.index(known)
            others = [header[i] for i in candidates if i != place]
            if header[place] in others:
                raise source.fault(f"column {header[place]!r} occurs twice", line=1)
            if others:
                log.warning(
                    "%s: SMILES are read from column %r, not %s (%s names another)",
                    source.name,
                    header[place],
                    _listed(others),
                    setting("smiles_column"),
                )
            return place
    if len(candidates) == 1:
        return candidates[0]
    raise source.fault(
        "no SMILES column" if not candidates else "several columns could hold the SMILES",
        line=1,
        hint=f"name it with {setting('smiles_column')}; columns: {_listed(header)}",
    )


def id_column(header: Sequence[str], wanted: str | None, source: Source) -> int | None:
    """Position of the id column, or None where none is asked for or known by its name."""
    if wanted is not None:
        return _named(header, wanted, source, "id_column")
    names = [plain(name) for name in header]
    return next((names.index(known) for known in ID_NAMES if known in names), None)


def further_columns(header: Sequence[str], wanted: Sequence[str], source: Source) -> list[int]:
    """Positions of columns that a model reads, by their very names.

    Raises
    ------
    InputError
        Where some are not there, or there twice.
    """
    missing = [name for name in wanted if name not in header]
    if missing:
        raise source.fault(
            f"the model also reads the columns {', '.join(wanted)}; missing: {', '.join(missing)}",
            hint=f"columns: {_listed(header)}",
        )
    for name in wanted:
        if list(header).count(name) > 1:
            raise source.fault(f"column {name!r} occurs twice", line=1)
    return [list(header).index(name) for name in wanted]


def _named(header: Sequence[str], wanted: str, source: Source, name: str) -> int:
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
