"""A shortlist from the output of a screen, and what is known of each of its molecules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.liabilities import Liabilities, liabilities
from bioassay_mtl.choosing.candidates import ANNOTATED, read_candidates
from bioassay_mtl.choosing.screened import screened_rows
from bioassay_mtl.choosing.shortlist import Chosen, Left, Rules, choose
from bioassay_mtl.screening.beside import BesideColumn

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import Assay
    from bioassay_mtl.models.description import Predictor

MOST = 20_000
"""Candidates that are looked through at most, the best of the table."""

_KINDS = {
    "mw": "number",
    "logp": "number",
    "tpsa": "number",
    "qed": "decimals",
    "promiscuity": "count",
    "similarity": "decimals",
    "nearest_active": "decimals",
    "in_domain": "flag",
    "spread": "number",
    "low": "number",
    "high": "number",
}


class PickOptions(Rules):
    """Rules, and what is read.

    Attributes
    ----------
    lowest
        Whether low values are good; None for what the model knows of the assay, and where that is
        nothing high ones.
    new_only
        Leave out molecules that the model was trained on.
    keep
        Further columns of the table.
    """

    lowest: bool | None = None
    new_only: bool = False
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picked:
    """A shortlist.

    Parameters
    ----------
    assay
        Assay, as the table names it.
    about
        Facts of the assay; None without a model.
    columns, cells
        The table: n cells of each column, None where there is nothing.
    n_predicted, n_looked_at
        Molecules with a prediction in the assay, and the best of them, which were looked through.
    left
        Candidates that were passed over.
    order
        Order of the predictions, and the reason for it, in words.
    """

    assay: str
    about: Assay | None
    columns: tuple[BesideColumn, ...]
    cells: Mapping[str, list[Any]]
    n_predicted: int
    n_looked_at: int
    left: Left
    order: str = "highest first"

    def __len__(self) -> int:
        return len(self.cells["pick"])

    def rows(self) -> Iterator[dict[str, Any]]:
        """The molecules, best first."""
        for row in zip(*self.cells.values(), strict=True):
            yield dict(zip(self.cells, row, strict=True))


def pick(
    path: str | Path,
    assay: str,
    options: PickOptions | None = None,
    model: Predictor | None = None,
) -> Picked:
    """Choose molecules of a screen for one assay.

    Parameters
    ----------
    path
        Output of ``screen``: wide, long, or the best of each assay.
    assay
        Column of the assay; with a model also its name or gene.
    options
        See :class:`PickOptions`.
    model
        Model that predicted: it gives promiscuity over all its assays, and the nearest known active
        where it keeps its training molecules.

    Raises
    ------
    ConfigError, InputError
        The file is no output of a screen, or has not the assay.
    """
    options = options or PickOptions()
    about = None
    if model is not None and assay not in model.columns:
        from bioassay_mtl.screening.options import choose_assays

        assay = model.tasks[choose_assays([assay], model)[0]]
    if model is not None:
        (about,) = model.sheet.of([assay])
    lowest, order = _order(options, about)
    found = read_candidates(
        path,
        assay,
        MOST,
        lowest=lowest,
        new_only=options.new_only,
        keep=options.keep,
    )
    chosen, left = choose(found.found, options)
    cells = _cells(chosen, _told(chosen, assay, model))
    columns = tuple(BesideColumn(name, _kind(name, cells[name])) for name in cells)
    return Picked(assay, about, columns, cells, found.n_predicted, len(found.found), left, order)


def _order(options: PickOptions, about: Assay | None) -> tuple[bool, str]:
    """Whether the lowest predictions come first, and a note on that."""
    if options.lowest is not None:
        return options.lowest, f"{'lowest' if options.lowest else 'highest'} first"
    if about is None or not about.is_value:
        return False, "highest first"
    if about.direction:
        return about.direction == "low", f"{about.direction}est first, as {about.direction_words}"
    return False, "highest first, though it is not known whether high or low is good"


def _told(chosen: Sequence[Chosen], assay: str, model: Predictor | None) -> list[dict[str, Any]]:
    """Facts of each molecule: by the table, by its structure, by the model."""
    if model is not None:
        return _by_model(chosen, assay, model)
    smiles = [one.candidate.smiles for one in chosen]
    by_structure = [
        found._asdict() if isinstance(found, Liabilities) else {}
        for found in each(liabilities, smiles)
    ]
    return [{**own, **one.candidate.more} for one, own in zip(chosen, by_structure, strict=True)]


def _by_model(chosen: Sequence[Chosen], assay: str, model: Predictor) -> list[dict[str, Any]]:
    """The columns of a screen of the chosen molecules."""
    from bioassay_mtl.screening.options import ScreenOptions
    from bioassay_mtl.screening.pipeline import screen

    annotate = ("liabilities", *(["domain"] if "domain" in model.beside else []))
    with TemporaryDirectory() as folder:
        source, table = Path(folder) / "chosen.smi", Path(folder) / "chosen.jsonl"
        source.write_text("".join(one.candidate.smiles + "\n" for one in chosen), encoding="utf-8")
        screen([source], model, table, ScreenOptions(workers=1, annotate=annotate))
        rows = list(screened_rows(table, list))
    own = {*ANNOTATED, "similarity", "nearest", "in_domain"}
    told = [
        {
            name.removeprefix(f"{assay}:"): value
            for name, value in row.items()
            if name in own or name.startswith(f"{assay}:")
        }
        for row in rows
    ]
    return [{**one.candidate.more, **row} for one, row in zip(chosen, told, strict=True)]


def _cells(chosen: Sequence[Chosen], told: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    candidates = [one.candidate for one in chosen]
    cells: dict[str, list[Any]] = {
        "pick": list(range(1, len(chosen) + 1)),
        "id": [each.id for each in candidates],
        "smiles": [each.smiles for each in candidates],
        "score": [each.score for each in candidates],
        "row": [each.row or None for each in candidates],
        "in_training": [each.in_training for each in candidates],
        "scaffold": [one.profile.scaffold or None for one in chosen],
    }
    names = [*ANNOTATED, *(name for row in told for name in row)]
    for name in dict.fromkeys(names):
        column = [row.get(name) for row in told]
        if any(cell is not None for cell in column) or name == "alerts":
            cells[name if name not in cells else f"{name} (input)"] = _typed(name, column)
    return cells


def _typed(name: str, column: Sequence[Any]) -> list[Any]:
    """Cells of a text file as what they are; all of them texts where one is not of the kind."""
    try:
        return [cell if cell is None else _of_kind(_KINDS.get(name), cell) for cell in column]
    except ValueError:  # a column of the user's that has such a name
        return [cell if cell is None else str(cell) for cell in column]


def _of_kind(kind: str | None, cell: Any) -> Any:
    if kind == "flag" and not isinstance(cell, bool):
        return bool(("false", "true").index(str(cell).lower()))
    if kind is None or kind == "flag":
        return cell if isinstance(cell, bool) else str(cell)
    return int(float(cell)) if kind == "count" else float(cell)


def _kind(name: str, cells: Sequence[Any]) -> Any:
    if name in ("pick", "row"):
        return "count"
    if name == "in_training" or any(isinstance(cell, bool) for cell in cells):
        return "flag"
    if any(isinstance(cell, str) for cell in cells):
        return "text"
    return "number" if name == "score" else _KINDS.get(name, "text")
