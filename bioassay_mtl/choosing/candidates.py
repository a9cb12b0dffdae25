"""The best molecules of one assay among all that a screen has predicted."""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bioassay_mtl.choosing.screened import Row, screened_rows
from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError, counted

log = logging.getLogger(__name__)

SCORES = ("probability", "prediction")
"""Columns of predictions in a long table."""

ANNOTATED = ("mw", "logp", "tpsa", "qed", "alerts", "promiscuity")
_OF_DOMAIN = ("similarity", "nearest", "in_domain")
_LEADING = ("row", "file", "id", "smiles", "status", "in_training")


@dataclass(frozen=True)
class Candidate:
    """A molecule with its prediction.

    Parameters
    ----------
    score
        Probability, or value.
    smiles, id, row
        Fields of the screen; row 0 where it is not told.
    in_training
        Whether the model was trained on it; None where that is not told.
    more
        Further facts of it, by column; None where there are none.
    """

    score: float
    smiles: str
    id: str = ""
    row: int = 0
    in_training: bool | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """The best molecules of an assay, best first.

    Parameters
    ----------
    assay
        Assay, as the table names it.
    found
        Candidates, at most as many as were asked for.
    n_predicted
        Molecules with a prediction in the assay.
    """

    assay: str
    found: list[Candidate]
    n_predicted: int


def read_candidates(
    path: str | Path,
    assay: str,
    most: int,
    *,
    lowest: bool = False,
    new_only: bool = False,
    keep: Sequence[str] = (),
) -> Candidates:
    """Read the output of a screen: wide, long, or the best of each assay.

    Parameters
    ----------
    path
        The file.
    assay
        Column, or rows of a long table.
    most
        Candidates that are kept.
    lowest
        Whether low values are good.
    new_only
        Whether molecules that the model was trained on are left out.
    keep
        Further columns.

    Raises
    ------
    InputError
        The file is no output of a screen, or has not the assay, or a column.
    """
    path, counter = Path(path), _Counter()
    rows = screened_rows(path, lambda header: _columns(header, assay, keep, path))
    good = -1 if lowest else 1
    best = heapq.nlargest(
        most,
        counter.counted(_candidates(rows, assay, keep, counter, new_only=new_only)),
        key=lambda each: (good * each.score, -each.row),
    )
    if counter.unreadable:
        log.warning(
            "%s: %s of a prediction %s no number, and left out",
            path,
            counted(counter.unreadable, "cell"),
            "is" if counter.unreadable == 1 else "are",
        )
    if not counter.n:
        raise InputError(f"no molecule has a prediction in {assay!r}", file=path)
    return Candidates(assay, best, counter.n)


class _Counter:
    def __init__(self) -> None:
        self.n = self.unreadable = 0

    def counted(self, candidates: Iterator[Candidate]) -> Iterator[Candidate]:
        for self.n, each in enumerate(candidates, 1):
            yield each


def _columns(header: Sequence[str], assay: str, keep: Sequence[str], path: Path) -> list[str]:
    """Columns that are read, of those that there are."""
    there = {*header}
    if "smiles" not in there:
        raise InputError(
            f"no column 'smiles': an output of screen is expected, found {_some(header)}", file=path
        )
    if missing := [name for name in keep if name not in there]:
        raise InputError(
            f"no column {missing[0]!r}", file=path, hint=did_you_mean(missing[0], header)
        )
    is_long = "assay" in there and there & {*SCORES}
    if not is_long and assay not in (known := _assays(header)):
        raise InputError(
            f"no assay {assay!r}",
            file=path,
            hint=f"{did_you_mean(assay, known)}; names and genes are known to a model alone",
        )
    scores = ["assay", *SCORES] if is_long else [assay]
    own = [name for name in header if name.startswith(f"{assay}:")]
    wanted = {*_LEADING, *ANNOTATED, *_OF_DOMAIN, *scores, *own, *keep}
    if is_long:
        wanted |= there  # a few: what stands beside predictions, and columns that were kept
    return [name for name in dict.fromkeys(header) if name in wanted]


def _assays(header: Sequence[str]) -> list[str]:
    """Columns of a wide table that may hold predictions: none that stands beside them."""
    beside = {*_LEADING, *ANNOTATED, *_OF_DOMAIN}
    return [
        name
        for name in header
        if name not in beside and name.rpartition(":")[0] not in {*header} - {""}
    ]


def _candidates(
    rows: Iterator[Row], assay: str, keep: Sequence[str], counter: _Counter, *, new_only: bool
) -> Iterator[Candidate]:
    for row in rows:
        own = row.get("assay", assay)
        cell = next((row[n] for n in (*SCORES, assay) if row.get(n) is not None), None)
        score = _number(cell)
        counter.unreadable += own == assay and score is None and cell not in (None, "")
        known = _flag(row.get("in_training"))
        if own != assay or score is None or not row.get("smiles") or (new_only and known):
            continue
        yield Candidate(
            score=score,
            smiles=str(row["smiles"]),
            id=str(row.get("id") or ""),
            row=int(_number(row.get("row")) or 0),
            in_training=known,
            more=dict(_more(row, assay, keep)),
        )


def _more(row: Row, assay: str, keep: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Facts of a molecule beside its prediction; of assays, of this one."""
    read = {*_LEADING, *SCORES, "assay", "rank", assay} - {*keep}
    for name, value in row.items():
        if name not in read:
            yield name.removeprefix(f"{assay}:"), None if value == "" else value


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool) or value is None:
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())


def _some(header: Sequence[str]) -> str:
    return ", ".join(header[:6]) + (", ..." if len(header) > 6 else "")
