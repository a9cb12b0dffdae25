"""Assays by what people call them: identifiers, names, genes, targets, patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.assay_sheet import Assay, AssaySheet

MOST_NAMED = 6
_PATTERN = frozenset("*?[")


def chosen_assays(wanted: Sequence[str], sheet: AssaySheet) -> list[str]:
    """Identifiers of the wanted assays, in the wanted order, each once.

    Each text is, the first that fits: an identifier; its number (``1030`` of ``PCBA-1030``); a
    pattern (``PCBA-9*``, ``*kinase*``) of identifiers, names, targets or genes; a name, target,
    gene or UniProt accession, of which all assays are taken; or a part of the name or target of one
    assay. Only identifiers are compared letter by letter, other texts whatever their case.

    Raises
    ------
    ConfigError
        A text fits nothing, or is a part of the names of several assays.
    """
    if not wanted:
        raise ConfigError("no assay was chosen: name at least one")
    return list(dict.fromkeys(assay.id for text in wanted for assay in _meant(text, sheet)))


def found_assays(text: str, sheet: AssaySheet) -> list[Assay]:
    """Assays of which an identifier, or anything known, holds a text or fits a pattern."""
    fits = _fitting(text) if _PATTERN & set(text) else _holding(text)
    return [assay for assay in sheet.assays if any(map(fits, (assay.id, *_facts(assay))))]


def named(assays: Sequence[Assay]) -> str:
    """Some assays by identifier and name, for a line."""
    each = [f"{assay.id} ({assay.title})" if assay.title else assay.id for assay in assays]
    more = f" and {len(each) - MOST_NAMED} more" if len(each) > MOST_NAMED else ""
    return ", ".join(each[:MOST_NAMED]) + more


def _meant(text: str, sheet: AssaySheet) -> list[Assay]:
    if exact := [assay for assay in sheet.assays if assay.id == text]:
        return exact
    word = text.casefold().strip()
    if word.isdecimal() and (
        numbered := [assay for assay in sheet.assays if _number(assay.id) == word]
    ):
        return numbered
    if _PATTERN & set(text) and (
        fitting := _where(sheet, _fitting(text), lambda each: (each.id, *_names(each)))
    ):
        return fitting
    if same := _where(sheet, lambda each: each.casefold() == word, _names):
        return same
    held = _where(sheet, _holding(text), lambda each: (each.name, each.target)) if word else []
    if len(held) > 1:
        raise ConfigError(
            f"{text!r} is a part of the names of {len(held)} assays: {named(held)}; give an "
            f"identifier, the whole name, or '*{text}*' for all of them"
        )
    if not held:
        raise ConfigError(
            f"the model has no assay {text!r} ({_suggested(text, sheet)}); "
            "`bioassay-mtl assays MODEL` lists all"
        )
    return held


def _where(
    sheet: AssaySheet, fits: Callable[[str], bool], texts: Callable[[Assay], Iterable[str]]
) -> list[Assay]:
    return [assay for assay in sheet.assays if any(map(fits, texts(assay)))]


def _fitting(pattern: str) -> Callable[[str], bool]:
    return lambda text: fnmatchcase(text.casefold(), pattern.casefold())


def _holding(part: str) -> Callable[[str], bool]:
    return lambda text: part.casefold().strip() in text.casefold()


def _number(identifier: str) -> str:
    """The number that an identifier such as ``PCBA-1030`` ends with."""
    head = identifier.rstrip("0123456789")
    return identifier[len(head) :] if head.endswith(("-", "_", " ", ":", "AID", "aid")) else ""


def _names(assay: Assay) -> list[str]:
    """Names of an assay, each gene and accession alone."""
    several = [part.strip() for field in (assay.gene, assay.uniprot) for part in field.split(";")]
    return [text for text in (assay.name, assay.target, *several) if text]


def _facts(assay: Assay) -> list[str]:
    more = (assay.organism, assay.target_class, assay.disease_area, assay.readout, assay.active)
    return [*_names(assay), *filter(None, more), *filter(None, (assay.grade,))]


def _suggested(text: str, sheet: AssaySheet) -> str:
    """The nearest identifier, or where none is near the nearest name."""
    ids = [assay.id for assay in sheet.assays]
    for known in (ids, [name for assay in sheet.assays for name in _names(assay)]):
        of = {each.casefold(): each for each in known}
        if close := get_close_matches(text.casefold(), of, n=1):
            return f"did you mean {of[close[0]]!r}?"
    return did_you_mean(text, ids)
