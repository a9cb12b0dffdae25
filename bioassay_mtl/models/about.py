"""Knowledge of users about their assays: a table or a mapping that fills a model's sheet."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError
from bioassay_mtl.models.assay_sheet import Described

About = str | Path | Mapping[str, Mapping[str, Any]]
"""A file, or facts by assay: ``{"IC50": {"target": "Carbonic anhydrase 2", "gene": "CA2"}}``."""

IDENTIFIERS = ("assay", "id", "task")
"""Columns that say which assay a row is about, the first that is there."""
_OTHER_NAMES = {
    "gene_symbol": "gene",
    "uniprot_id": "uniprot",
    "format": "readout",
    "effect": "active",
    "url": "link",
    "direction": "better",
    "min": "least",
    "max": "most",
}
_DIRECTIONS = {"": "", **dict.fromkeys(("high", "higher"), "high")}
_DIRECTIONS |= dict.fromkeys(("low", "lower"), "low")
_NOTHING = {"nan", "na", "n/a", "none", "null", "-"}
"""Texts that say that nothing is known."""
_MAPPINGS = {".json", ".yaml", ".yml"}


def known_assays(
    about: About | None, tasks: Iterable[str], values: Collection[str] = ()
) -> dict[str, Described]:
    """Facts by assay.

    Parameters
    ----------
    about
        A CSV, TSV, JSON or YAML file, or any other table that can be read: a column ``assay`` and
        any of :class:`Described`'s. In JSON and YAML also facts by assay, or a whole sheet. None
        for nothing.
    tasks
        The assays that there are.
    values
        Assays that have values, of which high or low ones are better.

    Raises
    ------
    InputError
        The file cannot be read, has no such columns, or names an assay that is not there, or one
        twice, or says what values are better of one without values.
    """
    if about is None:
        return {}
    file = None if isinstance(about, Mapping) else Path(about)
    rows = _by_assay(about) if isinstance(about, Mapping) else _read(Path(about))
    found: dict[str, Described] = {}
    for assay, row in rows:
        if assay in found:
            raise InputError(f"assay {assay!r} is there twice", file=file)
        found[assay] = _described(row, file)
    known = list(tasks)
    if strange := [assay for assay in found if assay not in set(known)]:
        named = ", ".join(map(repr, strange[:5])) + (", ..." if len(strange) > 5 else "")
        raise InputError(
            f"{len(strange)} of the assays described are not the model's: {named}",
            file=file,
            hint=did_you_mean(strange[0], known),
        )
    for assay, facts in found.items():
        if assay not in values:
            _check_without_values(assay, facts, file)
    return found


def _check_without_values(assay: str, facts: Described, file: Path | None) -> None:
    """Raise an InputError over what is only known of values."""
    what = f"of which {facts.better} ones could be better" if facts.better else ""
    if facts.least is not None or facts.most is not None:
        what = "that could have limits"
    if what:
        raise InputError(
            f"assay {assay!r} has no values {what}", file=file, hint="leave it empty there"
        )


def _described(facts: Mapping[str, Any], file: Path | None) -> Described:
    values: dict[str, Any] = {}
    for name, value in facts.items():
        field = _OTHER_NAMES.get(str(name).lower(), str(name).lower())
        if field not in Described.model_fields:
            known = did_you_mean(field, Described.model_fields)
            raise InputError("nothing of the name is kept", file=file, column=str(name), hint=known)
        values[field] = _text(value)
    if "better" in values:
        values["better"] = _direction(values["better"], file)
    for name in ("least", "most"):
        if name in values:
            values[name] = _number(values[name], name, file)
    found = Described(**values)
    if found.least is not None and found.most is not None and not found.least < found.most:
        raise InputError(f"least {found.least:g} is not below most {found.most:g}", file=file)
    return found


def _number(text: str, name: str, file: Path | None) -> float | None:
    """A limit; None where none is given."""
    try:
        found = float(text) if text else None
    except ValueError:
        found = math.nan
    if found is not None and not math.isfinite(found):
        raise InputError(f"a number is expected, found {text!r}", file=file, column=name)
    return found


def _direction(text: str, file: Path | None) -> str:
    """``high`` or ``low``, however that is written."""
    found = _DIRECTIONS.get(text.casefold())
    if found is None:
        raise InputError(f"high or low is expected, found {text!r}", file=file, column="better")
    return found


def _text(value: Any) -> str:
    """A fact as text; several with semicolons between them."""
    if isinstance(value, list | tuple):
        return "; ".join(map(_text, value))
    text = "" if value is None else str(value).strip()
    return "" if text.casefold() in _NOTHING else text


def _read(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    if path.suffix.lower() in _MAPPINGS:
        return _of_mapping(_loaded(path), path)
    from bioassay_mtl.tables.table import read_table

    return _of_rows(read_table(path).to_pylist(), path)


def _loaded(path: Path) -> Any:
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"cannot be read: {error}", file=path) from None


def _of_mapping(found: Any, path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Facts by assay, a list of rows, or a sheet, of which what it says of the model is left."""
    if isinstance(found, dict) and isinstance(found.get("assays"), list):
        fields = {*IDENTIFIERS, *Described.model_fields}
        rows = [row for row in found["assays"] if isinstance(row, dict)]
        return _of_rows([{k: v for k, v in row.items() if k in fields} for row in rows], path)
    if isinstance(found, dict) and all(isinstance(facts, dict) for facts in found.values()):
        return _by_assay(found)
    if isinstance(found, list) and all(isinstance(row, dict) for row in found):
        return _of_rows(found, path)
    raise InputError(
        "facts by the name of an assay are expected, or a list of rows with one", file=path
    )


def _by_assay(found: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(assay), facts) for assay, facts in found.items()]


def _of_rows(rows: list[dict[str, Any]], path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    names = {str(name).lower(): name for row in rows for name in row}
    key = next((names[each] for each in IDENTIFIERS if each in names), None)
    if key is None:
        raise InputError(
            "no column says which assay a row is about",
            file=path,
            hint=f"call it {IDENTIFIERS[0]!r}; found: {', '.join(map(str, names.values()))}",
        )
    return [
        (_text(row.get(key)), {name: value for name, value in row.items() if name != key})
        for row in rows
    ]
