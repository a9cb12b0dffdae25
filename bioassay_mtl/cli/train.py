"""``bioassay-mtl train``: a model folder from a panel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bioassay_mtl.cli.panel_schema import (
    Columns,
    Merge,
    MinRows,
    Standardise,
    Tasks,
    ToP,
    kinds_line,
    schema_of,
)
from bioassay_mtl.cli.settings import put_all, read_settings
from bioassay_mtl.errors import ConfigError


def train(
    panel: Annotated[
        str | None,
        typer.Argument(
            metavar="PANEL",
            help="Table (.csv .tsv .parquet, also .gz): SMILES and one column for each assay, or "
            "one row for each measurement.",
        ),
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="Model folder to make.")] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings, YAML or JSON.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="One setting, as split.kind=scaffold or network.experts.0.width=256.",
        ),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="From task losses to one update: sum, two_step, ..."),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings in effect, and stop.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last whole epoch in FOLDER.training.")
    ] = False,
    smiles_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="SMILES column of the table.")
    ] = None,
    task: Tasks = None,
    min_rows: MinRows = None,
    column: Columns = None,
    to_p: ToP = False,
    merge: Merge = False,
    standardise: Standardise = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes that parse; all cores if not given."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Of the split (unless split.seed is set), initial weights, row order, dropout.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="cpu|cuda|auto", help="Where to train.")
    ] = None,
) -> None:
    """Train a model on a table of molecules and measured outcomes.

    Cells are 1 (active), 0 (inactive) or empty (not measured); or classes, or values, some of them
    bounds such as > 10000: `panel check` tells what a file says. FOLDER/report.html tells how good
    the model is.

    Example:  bioassay-mtl train panel.csv --out runs/mine --set epochs=30
    """
    from bioassay_mtl.training.config import TrainingConfig

    values = read_settings(config)
    given = (("seed", seed), ("device", device), ("balance.kind", balance))
    changes = [f"{key}={value}" for key, value in given if value is not None]
    put_all(values, [*(settings or ()), *changes])
    if seed is not None and isinstance(values.setdefault("split", {}), dict):
        values["split"].setdefault("seed", seed)
    chosen = TrainingConfig.of(values)
    if print_config:
        import yaml

        typer.echo(yaml.safe_dump(chosen.model_dump(mode="json"), sort_keys=False), nl=False)
        return
    if panel is None or out is None:
        raise ConfigError("training needs a PANEL and an --out FOLDER")
    if Path(out).exists():  # said before the seconds that importing the training loop takes
        raise ConfigError(f"{out} exists: choose another folder, or remove it")

    from bioassay_mtl.data.panel import Panel
    from bioassay_mtl.data.panels.schema import NO_TASK
    from bioassay_mtl.data.splits import split
    from bioassay_mtl.report import held_out, write_model_report
    from bioassay_mtl.screening.pipeline import available_cores
    from bioassay_mtl.training.fit import train as run

    workers = workers or available_cores()
    schema = schema_of(panel, task, column, min_rows, to_p, merge, standardise)
    no_assays = {name: {"kind": NO_TASK} for name in chosen.columns_read}
    schema = schema.changed(also={**no_assays, **schema.also})
    table = Panel.read(panel, smiles_column=smiles_column, schema=schema)
    typer.echo(f"{panel}: {kinds_line(table)}", err=True)
    parts = split(table, chosen.split)
    model = run(
        table,
        chosen,
        out=out,
        resume=resume,
        parts=parts,
        workers=workers,
        progress=show_epoch,
    )
    page = Path(out) / "report.html"
    write_model_report(held_out(model, table, parts, workers=workers), page)
    typer.echo(f"{out}: a model of {len(model.tasks)} assays", err=True)


def show_epoch(record: Mapping[str, float]) -> None:
    """A line on standard error after each epoch."""
    typer.echo(", ".join(f"{name} {value:.5g}" for name, value in record.items()), err=True)
