"""``bioassay-mtl explain``: which atoms speak for a prediction, and which against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bioassay_mtl.cli.names import DEFAULT_MODEL
from bioassay_mtl.cli.output_options import Overwrite
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.errors import ConfigError, InputError, counted

SUFFIXES = (".html", ".svg", ".json")


def explain(
    smiles: Annotated[
        list[str], typer.Argument(metavar="SMILES...", help="SMILES of the molecules.")
    ],
    assays: Annotated[
        str, typer.Option(metavar="A,B", help="Assays, by identifier, name or gene.")
    ],
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="Shipped model, or a model folder.")
    ] = DEFAULT_MODEL,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A page (.html), a drawing (.svg), or numbers (.json)."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Share a prediction among the atoms of a molecule, for each expert and for all.

    Shares sum to the change of the log-odds, before they are calibrated (of a value, in its unit),
    from an empty input to the molecule; what no atom has part in, such as descriptors, is of the
    whole molecule. Without FILE numbers go to stdout, one JSON object a line.

    Example:  bioassay-mtl explain "CC(=O)Nc1ccc(O)cc1" --assays PCBA-1030 --out reasons.html
    """
    from bioassay_mtl.chem.status import Status
    from bioassay_mtl.cli.screen import read_names
    from bioassay_mtl.models.domain_table import columns_named
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.screening.output import STDOUT, Output

    suffix = ".json" if out in (None, STDOUT) else Path(str(out)).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"--out {out}: a name that ends in {', '.join(SUFFIXES)} is expected")
    target = Output(STDOUT if out is None else out, overwrite=overwrite)
    loaded = Model.load(model)
    places = (place for name in read_names(assays) for place in columns_named(loaded, name))
    wanted = list(dict.fromkeys(places))
    if suffix == ".svg" and len(wanted) * len(smiles) > 1:
        raise ConfigError(
            f"--out {out}: one drawing is of one molecule in one assay; a page (.html) has many"
        )
    found = [
        (each, row)
        for column in wanted
        for row, each in enumerate(loaded.explain(smiles, loaded.columns[column]))
        if each is not None
    ]
    explained = {row for _, row in found}
    for row, status in enumerate(loaded.featurize(smiles).status.tolist()):
        if row not in explained:
            say(f"{smiles[row]}: {Status.from_code(status).value}")
    if not found:
        raise InputError("none of the molecules can be explained")
    if out in (None, STDOUT):
        made = "".join(json.dumps(each.to_dict()) + "\n" for each, _ in found)
    else:
        made = _written(suffix, found, loaded, smiles)
    with target.opened() as sink:
        sink.write(made.encode())
    if out not in (None, STDOUT):
        say(f"{counted(len(found), 'prediction')} explained -> {out}")


def _written(suffix: str, found: list[tuple[Any, int]], model: Any, smiles: list[str]) -> str:
    """Text of the file."""
    if suffix == ".json":
        return json.dumps([each.to_dict() for each, _ in found], indent=1) + "\n"
    from bioassay_mtl.report.reasons import drawing, reasons_page

    if suffix == ".svg":
        return str(drawing(found[0][0], alone=True)) + "\n"
    table = model.predict(smiles)
    tasks = {
        name: task
        for task, kind in zip(model.tasks, model.kinds, strict=True)
        for name in kind.columns(task)
    }
    return reasons_page(
        [each for each, _ in found],
        model.sheet.of([tasks[each.column] for each, _ in found]),
        model.name,
        [float(table[each.column].iloc[row]) for each, row in found],
    )
