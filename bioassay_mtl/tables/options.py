"""Options of a table, where they are not found out from the file."""

from __future__ import annotations

import codecs
from typing import Literal

from pydantic import field_validator

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.wording import setting

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
"""Names of delimiters, by which they can be given, too."""

_NAMED = {"\\t": "\t", **{name: sign for sign, name in NAMES.items()}}


class TableOptions(Config):
    """Settings of a table's reader; each is found out from the file where it is not given.

    Attributes
    ----------
    encoding
        Encoding of text: ``utf-8``, ``utf-16``, ``cp1252``, or any that Python knows.
    delimiter
        Delimiter between the fields of a text table: one character, or ``comma``, ``semicolon``,
        ``tab`` or ``bar``.
    decimal
        ``comma`` where 7,63 is a number, else ``point``.
    thousands
        Numbers have separators of thousands: 41,605 (or 41.605 with decimal commas).
    sheet
        Sheet of a workbook; the first by default.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal["point", "comma"] | None = None
    thousands: bool = False
    sheet: str | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        try:
            if name is not None:
                "".encode(name)
                codecs.getincrementaldecoder(name)
        except LookupError:
            raise ConfigError(
                f"{setting('encoding')}: {name!r} is no encoding of text (utf-8, utf-16, cp1252)"
            ) from None
        return name

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, given: str | None) -> str | None:
        found = given if given is None else _NAMED.get(given.lower(), given)
        if found is not None and (len(found) != 1 or found in '"\r\n' or found.isalnum()):
            raise ConfigError(
                f"{setting('delimiter')}: one character is expected, or its name "
                f"({', '.join(NAMES.values())}), found {given!r}"
            )
        return found


def only_table_options(given: TableOptions | None) -> TableOptions:
    """The settings of a table alone, from settings that have others beside them."""
    if given is None:
        return FOUND_OUT
    return TableOptions(**{name: getattr(given, name) for name in TableOptions.model_fields})


FOUND_OUT = TableOptions()
"""Options of a table about which nothing is given."""
