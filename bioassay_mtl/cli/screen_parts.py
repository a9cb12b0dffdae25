"""``screen --out``: what it says and refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bioassay_mtl.cli.engines import check_engine
from bioassay_mtl.cli.output_options import check_folder
from bioassay_mtl.cli.screened import unusable, with_assays_named
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.errors import ConfigError, counted

if TYPE_CHECKING:
    import typer

    from bioassay_mtl.cli.screen_report import Watch
    from bioassay_mtl.screening.batch import ScreenedBatch
    from bioassay_mtl.screening.parts import PartsSummary, Shard

FOR_PARTS = ("part_rows", "shard", "engine", "address")
"""Options that mean something with --out alone."""

NOT_FOR_PARTS = {
    "output": "merge FOLDER -o FILE joins the parts",
    "show": "merge the parts first",
    "page": "merge the parts first",
    "reasons": "merge the parts first",
}
"""Options that --out excludes, and what to do instead."""


def refuse_without_out(ctx: typer.Context) -> None:
    """Raise a ConfigError for an option that is for parts alone."""
    for name in _given(ctx, FOR_PARTS):
        raise ConfigError(f"--{name.replace('_', '-')} is for --out FOLDER")


def _given(ctx: typer.Context, names: Sequence[str]) -> list[str]:
    usual = {parameter.name: parameter.default for parameter in ctx.command.params}
    return [name for name in names if ctx.params[name] != usual[name]]


def screen_in_parts(
    ctx: typer.Context,
    inputs: Sequence[str],
    model: str,
    folder: str,
    settings: Mapping[str, Any],
    *,
    part_rows: int | None,
    shard: str | None,
    engine: str,
    address: str | None,
    device: str,
    as_json: bool,
    watch: Sequence[Watch] = (),
) -> None:
    """Write a data set of parts, or go on with one."""
    from bioassay_mtl.cli.screen_report import show_summary
    from bioassay_mtl.models.folder import read_config, read_description
    from bioassay_mtl.models.shipped import find_model
    from bioassay_mtl.screening.parts import PartsOptions, screen_parts

    for name in _given(ctx, [*NOT_FOR_PARTS]):
        raise ConfigError(
            f"--{'report' if name == 'page' else name} and --out exclude each other: "
            f"{NOT_FOR_PARTS[name]}"
        )
    check_folder(folder, "-o - writes one table there")
    given = dict(settings) | ({} if part_rows is None else {"part_rows": part_rows})
    given["format"] = given["format"] or "parquet"
    options = PartsOptions.of(given).checked()
    own = shard_of(shard)
    check_engine(engine, address)
    if options.assays is not None:
        place = find_model(model)
        options = with_assays_named(options, read_description(read_config(place), place))
    if engine == "ray":
        from bioassay_mtl.adapters.ray import screen

        summary = screen(inputs, model, folder, options, address=address, shard=own, device=device)
    else:
        with progress() as step:
            summary = screen_parts(
                inputs, model, folder, options, shard=own, device=device, watch=[*watch, step]
            )
    _tell(summary)
    show_summary(summary, as_json=as_json, stdout_is_free=True)
    if summary.is_unusable:
        raise unusable(summary, options)


def _tell(summary: PartsSummary) -> None:
    said = f"{counted(summary.written, 'part')} written, {summary.finished:,} of {summary.parts:,}"
    said += " are there" if summary.parts > 1 else " is there"
    if summary.elsewhere:
        said += f"; {summary.elsewhere:,} are being written by other processes"
    say(said)


def shard_of(text: str | None) -> Shard:
    """Shard of ``I/N``.

    Raises
    ------
    ConfigError
        It is no such thing.
    """
    from bioassay_mtl.screening.parts import Shard

    found = re.fullmatch(r"0*([1-9]\d*)/0*([1-9]\d*)", "1/1" if text is None else text)
    if found is None:
        raise ConfigError(f"--shard: I/N is expected, such as 3/16, found {text!r}")
    return Shard.of({"index": int(found[1]), "n": int(found[2])})


@contextmanager
def progress() -> Iterator[Watch]:
    """A line on standard error, when that is a terminal: molecules so far and rate."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from bioassay_mtl.cli.console import PlainConsole

    console = PlainConsole(stderr=True)
    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.completed:,.0f} molecules, {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    silent = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as bar:
        name = bar.add_task("screening", total=None, rate=0.0)
        task = bar.tasks[0]

        def step(batch: ScreenedBatch) -> None:
            rate = task.completed / (task.elapsed or 1)
            bar.update(name, advance=len(batch), rate=rate)

        yield step
