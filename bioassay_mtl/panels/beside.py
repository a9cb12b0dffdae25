"""Columns of qualifiers and units, and the columns of values that they belong to.

They belong together by name (``IC50 qualifier`` to ``IC50 value``); where a name does not tell, a
column most of whose cells are qualifiers belongs to the only column of values, or to the one next
to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.header import QUALIFIER_NAMES, UNIT_NAMES, require, some
from bioassay_mtl.panels.names import what_name_says, words_of
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tables.cells import QUALIFIERS, Cells, bound_of, cells_of
from bioassay_mtl.tables.columns import plain
from bioassay_mtl.tasks.units import known_unit, unit_in_name
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa

_VALUE_WORDS = ("value", "val", "values", "result", "mean", "avg", "wert", "valeur", "numeric")
_OF_NUMBERS = ("regression", "censored")
_NUMBERS = 0.5  # of the measured cells of a column of values
_NOTHING_ELSE = {"qualifier", "qualifiers", "censor", "censoring", "inequality", "comparator"}
_MOST_TEXTS = 24  # there are not so many qualifiers, or units


class Beside(NamedTuple):
    """The columns of one column's qualifiers and units, where there are any."""

    qualifier: str | None = None
    unit: str | None = None


@dataclass(eq=False)
class Companions:
    """Companions of columns of a wide table.

    Parameters
    ----------
    table, path, schema
        The table, and what is known of it.
    taken
        Columns of other roles.
    """

    table: pa.Table
    path: Path
    schema: PanelSchema
    taken: Iterable[str | None] = ()

    def of(self, name: str) -> Beside:
        """Columns beside a column."""
        return self._found.get(name, Beside())

    def check_used(self, kinds: Mapping[str, str]) -> None:
        """Raise an InputError where a column that was asked for is of no assay of numbers."""
        for role in Beside._fields:
            asked = getattr(self.schema.columns, role)
            owner = self.columns[asked][1] if asked in self.columns else ""
            if asked is not None and kinds.get(owner) not in _OF_NUMBERS:
                raise InputError(
                    f"{asked!r} can be no column of {role}s: no assay of numbers is beside it",
                    file=self.path,
                    column=asked,
                    hint=f"leave out {setting('columns', asked, key=role)}",
                )

    @cached_property
    def columns(self) -> dict[str, tuple[str, str]]:
        """Columns that stand beside others: ``qualifier`` or ``unit``, and of which column."""
        return {
            other: (role, name)
            for name, found in self._found.items()
            for role, other in zip(Beside._fields, found, strict=True)
            if other is not None
        }

    @cached_property
    def _found(self) -> dict[str, Beside]:
        found = dict(self.by_name)
        for role in Beside._fields:
            used = {each for beside in found.values() for each in beside if each is not None}
            for other in self._without_owner(role, used):
                owner = self._owner(role, other, found, used)
                if owner is not None:
                    found[owner] = found.get(owner, Beside())._replace(**{role: other})
        return found

    @cached_property
    def by_name(self) -> dict[str, Beside]:
        """Columns beside a column, where the names tell."""
        names = self.table.column_names
        found: dict[str, Beside] = {}
        for role, words in (("qualifier", QUALIFIER_NAMES), ("unit", UNIT_NAMES)):
            for name, other in beside(names, words).items():
                if self._holds(other, role) and self._may_have_any(name):
                    found[name] = found.get(name, Beside())._replace(**{role: other})
        for name in names:
            named = self.schema.entry(name).qualifier
            if named:
                require(self.table, named, self.path)
                found[name] = found.get(name, Beside())._replace(qualifier=named)
        return found

    def _without_owner(self, role: str, used: set[str]) -> list[str]:
        asked = getattr(self.schema.columns, role)
        if asked is not None:
            require(self.table, asked, self.path)
            return [] if asked in used else [asked]
        return [
            name
            for name in self.table.column_names
            if name not in used and name not in self._taken and self._holds(name, role)
        ]

    def _owner(self, role: str, other: str, found: dict[str, Beside], used: set[str]) -> str | None:
        """The column of values that a column without a telling name belongs to."""
        names: list[str] = self.table.column_names
        values = [
            name
            for name in names
            if name not in used
            and name not in self._taken
            and getattr(found.get(name, Beside()), role) is None
            and self._may_have_any(name)
            and self._is_value(name)
        ]
        measured = [name for name in values if what_name_says(name).measured] or values
        if len(measured) == 1:
            return measured[0]
        place = names.index(other)
        following = names[place + 1] if place + 1 < len(names) else ""
        if role == "qualifier" and following in measured:
            return following
        if role == "unit" and place and names[place - 1] in measured:
            return names[place - 1]
        if getattr(self.schema.columns, role) == other or (
            role == "qualifier" and self._bounds(other) and measured
        ):
            raise InputError(
                f"which column do the {role}s in {other!r} belong to?"
                + (f" There are {some(measured)}" if measured else " None holds numbers"),
                file=self.path,
                column=other,
                hint=f"call it after its column, as '{(measured or ['IC50'])[0]} {role}'",
            )
        return None

    def _may_have_any(self, name: str) -> bool:
        """Whether the schema leaves open that columns stand beside a column."""
        return self.schema.entry(name).qualifier != ""

    def _bounds(self, name: str) -> bool:
        return any(bound_of(text) for text in self._cells(name).occurring)

    def _is_value(self, name: str) -> bool:
        kind = self.schema.entry(name).kind
        if what_name_says(name).never or (kind is not None and kind not in _OF_NUMBERS):
            return False
        cells = self._cells(name)
        measured = int((~cells.missing).sum())
        return measured > 0 and int((~cells.unreadable).sum()) - int(cells.missing.sum()) >= (
            _NUMBERS * measured
        )

    def _holds(self, name: str, role: str) -> bool:
        """Whether a column holds qualifiers, or units."""
        held = self._cells(name).occurring
        if not held or len(held) > _MOST_TEXTS:
            return False
        if role == "qualifier":
            return self._holds_qualifiers(name)
        words = {*words_of(name)}
        called = bool(words & {*UNIT_NAMES, "uom", "einheit", "einheiten", "unite", "unites"})
        return called or all(known_unit(text) is not None for text in held)

    def _holds_qualifiers(self, name: str) -> bool:
        """Whether most cells are qualifiers, or the name says that they are.

        A cell that is none takes its own value from the assay, not the bounds of all others.
        """
        cells = self._cells(name)
        words = {*words_of(name)}
        is_called = bool(words & {*QUALIFIER_NAMES})
        # Words alone, such as CA, may be countries.
        is_any = is_called or any(text in QUALIFIERS for text in cells.texts)
        known = [is_any and bound_of(text) is not None for text in cells.texts]
        told = int((cells.each(known, np.bool_) & ~cells.missing).sum())
        if is_called:
            return told > 0 or bool(words & _NOTHING_ELSE)
        return told > 0 and 2 * told > int((~cells.missing).sum())

    def _cells(self, name: str) -> Cells:
        if name not in self._kept:
            self._kept[name] = cells_of(self.table, name)
        return self._kept[name]

    @cached_property
    def _kept(self) -> dict[str, Cells]:
        return {}

    @cached_property
    def _taken(self) -> set[str | None]:
        return {*self.taken}


def beside(names: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    """Columns that are called as another one and a word more, by that one's name.

    Examples
    --------
    >>> beside(["IC50 value", "IC50 qualifier", "Ki"], ["qualifier"])
    {'IC50 value': 'IC50 qualifier'}
    """
    bases: dict[str, str] = {}  # whose the bases are
    for name in names:
        for base in (plain(name), plain(unit_in_name(name, loose=True)[0])):
            bases.setdefault(base, name)
            for word in _VALUE_WORDS:
                for shorter in (base.removesuffix(word), base.removeprefix(word)):
                    if shorter:
                        bases.setdefault(shorter, name)
    found: dict[str, str] = {}
    for other in names:
        called = plain(other)
        for word in words:
            for base in (called.removesuffix(word), called.removeprefix(word)):
                owner = bases.get(base) if base != called else None
                if owner is not None and owner != other:
                    found.setdefault(owner, other)
    return found
