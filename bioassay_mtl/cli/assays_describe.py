"""``bioassay-mtl assays describe``: names and targets of a model's assays, from PubChem."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bioassay_mtl.cli.output_options import Overwrite
from bioassay_mtl.cli.terminal import say

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import AssaySheet, Described
    from bioassay_mtl.models.describing import Description


def describe_assays(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder, or shipped model.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the descriptions there (.json or .csv), as train --about reads them; the "
            "model stays as it is.",
        ),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option(
            "--about",
            metavar="FILE",
            help="Put in the facts of a CSV, JSON or YAML file, as train does; nothing is fetched.",
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Another address of PUG REST.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder of the answers.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Fetch names and targets from PubChem, for assays whose identifiers are AIDs.

    What the model's sheet says already stays. Answers are kept, and asked for once. Assays that
    could not be fetched are named, and the rest is kept.

    Example:  bioassay-mtl assays describe runs/mine
    """
    from bioassay_mtl.errors import ConfigError, InputError
    from bioassay_mtl.models.about import known_assays
    from bioassay_mtl.models.assay_sheet import NAME
    from bioassay_mtl.models.describing import describe
    from bioassay_mtl.models.folder import amend_folder
    from bioassay_mtl.models.sheet_reading import sheet_in
    from bioassay_mtl.models.shipped import find_model, names
    from bioassay_mtl.screening.output import Output

    target = Output(out, overwrite=overwrite, inputs=[]) if out else None
    if about and (out or server or cache):
        raise ConfigError("--about fetches nothing: leave out --out, --server and --cache")
    if target is None and model in names():
        raise ConfigError(f"{model} is shipped, and stays as it is: give --out FILE")
    sheet = sheet_in(model)
    if about:
        of_values = [assay.id for assay in sheet.assays if assay.is_value]
        known = known_assays(about, [assay.id for assay in sheet.assays], of_values)
        amend_folder(find_model(model), beside_with(model, sheet, known))
        say(f"{len(known)} of {len(sheet)} assays described")
        return
    found = describe(sheet, server=server, cache=cache)
    tell(found, len(sheet))
    if not found.facts:
        raise InputError("nothing could be fetched", file=model)
    if target is None:
        amend_folder(find_model(model), {NAME: sheet.described(found.facts)})
        return
    with target.opened() as sink:
        sink.write(described(found.facts, as_table=str(out).lower().endswith(".csv")).encode())


def beside_with(model: str, sheet: AssaySheet, known: Mapping[str, Described]) -> dict[str, Any]:
    """Files of facts that a model folder gets: the sheet, and limits where some are given."""
    from bioassay_mtl.models.assay_sheet import NAME
    from bioassay_mtl.models.folder import read_config, read_description
    from bioassay_mtl.models.limits_file import NAME as LIMITS
    from bioassay_mtl.models.limits_file import limits_with, said_limits
    from bioassay_mtl.models.shipped import find_model

    found: dict[str, Any] = {NAME: sheet.described(known)}
    if any(end is not None for ends in said_limits(known).values() for end in ends):
        folder = find_model(model)
        found[LIMITS] = limits_with(read_description(read_config(folder), folder), known)
    return found


def tell(found: Description, n_assays: int) -> None:
    """Say what was fetched, and what was not."""
    say(f"{len(found.facts)} of {n_assays} assays described")
    by_reason: dict[str, list[str]] = {}
    for assay, reason in found.missing.items():
        by_reason.setdefault(reason, []).append(assay)
    for reason, assays in by_reason.items():
        more = f" and {len(assays) - 5} more" if len(assays) > 5 else ""
        say(f"not fetched: {', '.join(assays[:5])}{more} ({reason})")


def described(facts: Mapping[str, Described], *, as_table: bool) -> str:
    """Facts as a file that ``train --about`` reads."""
    rows = {assay: known.model_dump(exclude_defaults=True) for assay, known in facts.items()}
    if not as_table:
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    fields = list(dict.fromkeys(name for row in rows.values() for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, ["assay", *fields], lineterminator="\n")
    table.writeheader()
    table.writerows({"assay": assay, **row} for assay, row in rows.items())
    return text.getvalue()
