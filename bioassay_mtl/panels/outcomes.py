"""Words of an outcome: which of them are active, which inactive, which say nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from functools import cached_property

from bioassay_mtl.chem.descriptors.given import MISSING
from bioassay_mtl.panels.names import without_accents
from bioassay_mtl.tables.cells import Cells

_ACTIVE = (
    "active positive pos yes y true hit toxic mutagenic mutagen inhibitor blocker binder potent "
    "+ (+) ++ probe aktiv wirksam positiv ja toxisch actif active positif oui toxique activo "
    "positivo si attivo"
)
_INACTIVE = (
    "inactive negative neg no n false nonhit nontoxic nonmutagenic noninhibitor nonblocker "
    "nonbinder (-) inaktiv unwirksam negativ nein untoxisch inactif negatif non nontoxique "
    "inactivo negativo inattivo"
)
_WORDS = dict.fromkeys(_ACTIVE.split(), 1) | dict.fromkeys(_INACTIVE.split(), 0)
_MAY_SAY_ELSE = {"yes", "y", "no", "n", "true", "false", "ja", "nein", "oui", "non", "si"}
_SAYS_ITSELF = frozenset(_WORDS) - _MAY_SAY_ELSE
_NEGATIONS = ("in", "non", "un", "not", "no", "nicht", "kein", "keine", "pas")
_MINUS = ("-", "\N{MINUS SIGN}", "\N{EN DASH}", "\N{EM DASH}")
_SIGNS = frozenset("+()[]/ \N{PLUS-MINUS SIGN}").union(_MINUS)


def plain_outcome(cells: Cells, code: int) -> int | None:
    """1 or 0 where a text is that number, or true or false; else None."""
    cell = cells.parsed[code]
    if cell.value in (0, 1) and not cell.qualifier and not cell.unit:
        return int(cell.value)
    return {"true": 1, "false": 0}.get(cells.texts[code].casefold())


def word_outcomes(texts: Iterable[str]) -> dict[str, int]:
    """The outcome of each text, where all are words of one; else none.

    Words that are known in some languages, or one word and its negation.

    Examples
    --------
    >>> word_outcomes(["Active", "Not active"]), word_outcomes(["aktiv", "inaktiv"])
    ({'Active': 1, 'Not active': 0}, {'aktiv': 1, 'inaktiv': 0})
    >>> word_outcomes(["sweet", "non-sweet"]), word_outcomes(["agonist", "none"])
    ({'sweet': 1, 'non-sweet': 0}, {})
    """
    bare = {text: _bare(text) for text in texts}
    found = {text: _WORDS[word] for text, word in bare.items() if word in _WORDS}
    if len(found) == len(bare):
        return found
    words = set(bare.values())
    if len(words) == 2:
        short, long = sorted(words, key=len)
        if short and long in {f"{prefix}{short}" for prefix in _NEGATIONS}:
            return {text: int(word == short) for text, word in bare.items()}
    return {}


def one_outcome(text: str) -> int | None:
    """The outcome of a word of its own, if it is one."""
    return _WORDS.get(_bare(text))


def say_themselves(texts: Iterable[str]) -> bool:
    """Whether the words can be nothing but outcomes, whatever their column is called."""
    held = {_bare(text) for text in texts}
    known = bool(held) and held <= set(_WORDS)
    return known and bool(held & _SAYS_ITSELF)


def signed(cells: Cells, classes: Iterable[str] = ()) -> Cells:
    """The same cells; where a text of signs has a ``+``, ``-`` is a label ``(-)``, not missing.

    `classes` are those that somebody named; where ``-`` is one, nothing need be changed.
    """
    if not any(_is_plus(text) for text in cells.texts) or any(map(_is_minus, classes)):
        return cells
    minus = {text: f"({'-' * len(text)})" for text in cells.texts if _is_minus(text)}
    return reworded(cells, minus) if minus else cells


def _is_plus(text: str) -> bool:
    return bool(text) and {*text} <= _SIGNS and not {*text}.isdisjoint("+\N{PLUS-MINUS SIGN}")


def _is_minus(text: str) -> bool:
    return bool(text) and {*text} <= {*_MINUS}


def reworded(cells: Cells, words: Mapping[str, str]) -> Cells:
    """The same cells with other texts."""
    found = copy.copy(cells)
    found.__dict__ = {
        name: value
        for name, value in vars(cells).items()
        if not isinstance(getattr(type(cells), name, None), cached_property)
    }
    found.texts = [words.get(text, text) for text in cells.texts]
    return found


def without(cells: Cells, texts: Iterable[str]) -> Cells:
    """The same cells; some texts, and numbers of the same size, are not measured."""
    folded = {text.strip().casefold() for text in texts}
    values = {float(text) for text in folded if _is_number(text)}
    gone = {
        text: ""
        for text, cell in zip(cells.texts, cells.parsed, strict=True)
        if text.casefold() in folded or (cell.value in values and not cell.qualifier)
    }
    return reworded(cells, gone) if gone else cells


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bare(text: str) -> str:
    folded = without_accents(text.strip())
    kept = "".join(letter for letter in folded if letter.isalnum())
    return kept or folded


def is_missing(text: str) -> bool:
    """Whether a text says that nothing was measured."""
    return text.casefold() in MISSING
