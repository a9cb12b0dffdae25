"""``bioassay-mtl assays``: what the assays of a model are, and how far to trust it in each."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bioassay_mtl.cli.assays_describe import describe_assays
from bioassay_mtl.cli.names import DEFAULT_MODEL
from bioassay_mtl.cli.terminal import say


class ListingGroup(TyperGroup):
    """Lists, unless the first word is another of its verbs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ListingGroup,
    help="List (also without that word: assays --find TEXT) and describe the assays of a model.",
)


@app.command("list")
def list_assays(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Shipped model, or a model folder.")
    ] = DEFAULT_MODEL,
    find: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Only those with it in name, target, gene, grade, ..."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the assays of a model: name, target, gene, held-out scores, grade.

    The word list may be left out. A TEXT with * or ? is a pattern.

    Example:  bioassay-mtl assays pcba128 --find kinase
    """
    from bioassay_mtl.cli.assay_table import sheet_table
    from bioassay_mtl.cli.console import PlainConsole
    from bioassay_mtl.models.assay_names import found_assays
    from bioassay_mtl.models.sheet_reading import sheet_in

    sheet = sheet_in(model)
    found = list(sheet.assays) if find is None else found_assays(find, sheet)
    if as_json:
        typer.echo(json.dumps([assay.model_dump(mode="json") for assay in found]))
        return
    if not found:
        say(f"none of the {len(sheet)} assays has {find!r}: all that is known was looked through")
        return
    console = PlainConsole()
    console.print(sheet_table(found, sheet.rule, console.width))


app.command("describe")(describe_assays)
