"""``bioassay-mtl train``: a model folder from a panel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bioassay_mtl.errors import ConfigError, InputError


def train(
    panel: Annotated[
        str | None,
        typer.Argument(
            metavar="PANEL",
            help="Table (.csv .tsv .parquet, also .gz): SMILES and one column for each assay.",
        ),
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="Model folder to make.")] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings, YAML or JSON.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, as split.kind=scaffold."),
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
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes that parse; all cores if not given."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of initial weights, row order and dropout.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="cpu|cuda|auto", help="Where to train.")
    ] = None,
) -> None:
    """Train a model on a table of molecules and measured outcomes.

    Cells are 1 (active), 0 (inactive) or empty (not measured).

    Example:  bioassay-mtl train panel.csv --out runs/mine --set epochs=30
    """
    from bioassay_mtl.training.config import TrainingConfig

    values = read_settings(config)
    for setting in settings or ():
        put(values, setting)
    given = (("seed", seed), ("device", device), ("balance", balance))
    values |= {key: v for key, v in given if v is not None}
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
    from bioassay_mtl.screening.pipeline import available_cores
    from bioassay_mtl.training.fit import train as run

    model = run(
        Panel.read(panel, smiles_column=smiles_column),
        chosen,
        out=out,
        resume=resume,
        workers=workers or available_cores(),
        progress=show_epoch,
    )
    typer.echo(f"{out}: a model of {len(model.tasks)} assays", err=True)


def show_epoch(record: Mapping[str, float]) -> None:
    """A line on standard error after each epoch."""
    typer.echo(", ".join(f"{name} {value:.5g}" for name, value in record.items()), err=True)


def read_settings(file: str | None) -> dict[str, Any]:
    """A mapping from a YAML or JSON file; none is an empty one."""
    import yaml

    if file is None:
        return {}
    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from error
    except yaml.YAMLError as error:
        raise InputError(f"is neither YAML nor JSON: {error}", file=file) from error
    if not isinstance(values or {}, dict):
        raise InputError(f"must hold settings by name, found a {type(values).__name__}", file=file)
    return values or {}


def put(values: dict[str, Any], setting: str) -> None:
    """Enter ``a.b=value`` into nested settings; the value is read as YAML."""
    import yaml

    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set needs KEY=VALUE, found {setting!r}")
    *path, last = key.split(".")
    for name in path:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {setting}: {name!r} holds no further settings")
        values = inner
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {setting}: the value is no YAML: {error}") from error
