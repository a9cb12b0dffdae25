"""``bioassay-mtl datasets``: public panels."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioassay_mtl.cli.output_options import check_folder
from bioassay_mtl.cli.terminal import say

if TYPE_CHECKING:
    from bioassay_mtl.datasets.download import Progress

app = typer.Typer(no_args_is_help=True, help="List and fetch public panels.")


@app.command("list")
def list_datasets(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the public panels that can be fetched.

    Example:  bioassay-mtl datasets list
    """
    from bioassay_mtl.datasets.recipes import recipes

    if as_json:
        typer.echo(json.dumps([recipe.model_dump() for recipe in recipes().values()]))
        return
    from rich.table import Table

    from bioassay_mtl.cli.console import PlainConsole

    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("molecules", justify="right", no_wrap=True)
    table.add_column("assays", justify="right", no_wrap=True)
    table.add_column("content")
    table.add_column("license")
    for name, recipe in recipes().items():
        table.add_row(
            name, f"{recipe.molecules:,}", f"{recipe.n_tasks:,}", recipe.title, recipe.license
        )
    PlainConsole().print(table)


@app.command("fetch")
def fetch_dataset(
    name: Annotated[str, typer.Argument(help="Name in `datasets list`.")],
    out: Annotated[Path, typer.Option(help="Folder to put the file in.")] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Fetch again, also where the file has changed.")
    ] = False,
    base_url: Annotated[
        str | None, typer.Option(help="Address of a mirror's folder that holds the file.")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(metavar="HEX", help="Checksum that the file must have.")
    ] = None,
) -> None:
    """Fetch a public panel; prints the file's path.

    An interrupted download is continued. Size, columns and number of rows must be the recipe's. The
    checksum is recorded, and verified ever after.

    Example:  bioassay-mtl datasets fetch tox21 --out data
    """
    from bioassay_mtl.datasets.fetch import fetch
    from bioassay_mtl.datasets.recipes import recipe

    check_folder(str(out))
    chosen = recipe(name)
    with _progress(chosen.file_name) as progress:
        path = fetch(
            chosen, out, base_url=base_url, progress=progress, force=force, expected_sha256=sha256
        )
    if sys.stdout.isatty():
        say(path, err=False)
    else:
        typer.echo(os.fsencode(path))  # as a script needs it, whatever the stream's encoding


@contextmanager
def _progress(title: str) -> Iterator[Progress | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from bioassay_mtl.cli.console import PlainConsole

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=PlainConsole(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda there, total: bar.update(task, completed=there, total=total)
