"""``bioassay-mtl train``: a model folder from a panel."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bioassay_mtl.cli.engines import Address, jobs_of
from bioassay_mtl.cli.epochs import shown_epochs
from bioassay_mtl.cli.outcome import expected, outcome
from bioassay_mtl.cli.output_options import check_folder
from bioassay_mtl.cli.panel_remarks import remarks
from bioassay_mtl.cli.panel_schema import (
    Columns,
    Merge,
    MinRows,
    Missing,
    Standardize,
    Tasks,
    ToP,
    kinds_line,
    schema_of,
)
from bioassay_mtl.cli.runs import check_folds, jobs_for, resumable, run_of
from bioassay_mtl.cli.settings import Asked, asks_for_one_network, read_settings
from bioassay_mtl.cli.table_options import (
    FORMATS,
    Decimal,
    Delimiter,
    Encoding,
    IdColumn,
    Sheet,
    SmilesColumn,
    Thousands,
    table_options,
)
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.cli.train_together import (
    Joint,
    check_alone,
    check_config,
    check_together,
    of_panel,
    train_panels,
)
from bioassay_mtl.cli.waiting import waiting
from bioassay_mtl.errors import ConfigError

if TYPE_CHECKING:
    from bioassay_mtl.panels.schema import PanelSchema
    from bioassay_mtl.training.config import TrainingConfig


def train(
    panels: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PANEL...",
            help=f"Table ({FORMATS}): SMILES and one column for each assay, or "
            "one row for each measurement. Several with --together.",
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
    start_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Start with the experts of a model (pcba128, or a folder): new gates and towers.",
        ),
    ] = None,
    ensemble: Annotated[
        int, typer.Option(min=1, metavar="K", help="Train K members, and join them into one model.")
    ] = 1,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="K",
            help="Cross-validate: train K networks, each without a fold, and join them.",
        ),
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, metavar="R", help="Deal the folds anew R times.")
    ] = 1,
    tune: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Try N settings on the validation rows first (extra: tune)."
        ),
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Members, folds, trials or experts that are trained at a time, each in a process "
            "(1; experts: as many as PyTorch has threads, up to 4).",
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="local|ray", help="Engine of --jobs: this machine, or Ray."),
    ] = "local",
    address: Address = None,
    effort: Annotated[
        str | None,
        typer.Option(
            metavar="quick|normal|thorough",
            help="Effort for a panel whose network is not set: a network; trees beside it if it is "
            "small; more trees, and graphs.",
        ),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Balancer of the task losses: sum, two_step, ..."),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Facts of the assays for the model's sheet: CSV, JSON or YAML with assay, name, "
            "target, gene, uniprot, organism, readout, active, better (high or low), link.",
        ),
    ] = None,
    baseline: Annotated[
        bool,
        typer.Option(
            "--baseline/--no-baseline",
            help="Beside the model's scores, those of a linear model of the same rows (seconds).",
        ),
    ] = True,
    together: Annotated[
        bool,
        typer.Option("--together", help="Train several panels at once: a folder of models."),
    ] = False,
    sharing: Annotated[
        str | None,
        typer.Option(
            metavar="none|trunk|mmoeex|adapters|muir",
            help="With --together: weights that panels share (adapters).",
        ),
    ] = None,
    alternation: Annotated[
        str | None,
        typer.Option(
            metavar="proportional|square_root|equal",
            help="With --together: how batches of panels alternate.",
        ),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings in effect, and stop.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last whole epoch in FOLDER.training.")
    ] = False,
    smiles_column: SmilesColumn = None,
    id_column: IdColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    thousands: Thousands = False,
    sheet: Sheet = None,
    task: Tasks = None,
    min_rows: MinRows = None,
    column: Columns = None,
    to_p: ToP = False,
    missing: Missing = None,
    merge: Merge = False,
    standardize: Standardize = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes that parse; all cores if not given."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Seed of split (unless split.seed is set), initial weights, row order, dropout.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="cpu|cuda|cuda:N|mps|auto", help="Device to train on.")
    ] = None,
) -> None:
    """Train a model on a table of molecules and measured outcomes.

    Cells are 1 (active), 0 (inactive) or empty (not measured); or classes, or values, some of them
    bounds such as > 10000: `panel check` tells what a file says. FOLDER/report.html tells how good
    the model is.

    Example:  bioassay-mtl train panel.csv --out runs/mine --set epochs=30
    """
    from bioassay_mtl.training.defaults import settled, tiny_panel
    from bioassay_mtl.training.scratch import check_out
    from bioassay_mtl.training.warm_start import with_start

    check_folder(out or "")
    check_folds(folds, repeats, ensemble, tune)
    at_once = jobs_of(engine, address, jobs or 1)
    check_together(panels or (), together, sharing, alternation)
    panel = panels[0] if panels else None
    began = time.perf_counter()
    own = (("device", device), ("balance.kind", balance), ("effort", effort))
    changes = [f"{key}={value}" for key, value in own if value is not None]
    values, changes = read_settings(config), [*(settings or ()), *changes]
    reading = table_options(encoding, delimiter, decimal, thousands, sheet)

    def schema_for(path: str) -> PanelSchema:
        return schema_of(
            path,
            of_panel(task, path, panels or ()),
            of_panel(column, path, panels or ()),
            smiles_column,
            min_rows,
            to_p,
            merge,
            standardize,
            id_column,
            reading,
            missing,
        )

    if together:
        alone = {"ensemble": ensemble > 1, "folds": folds, "tune": tune, "about": about}
        check_alone(alone | {"jobs": jobs, "print-config": print_config})
        train_panels(
            panels or [],
            Joint.of(values, start_from, changes, seed, sharing, alternation),
            schema_for,
            None if out is None else Path(out),
            resume=resume,
            workers=workers,
        )
        return
    check_config(config, values)
    asked = Asked(values, start_from, tuple(changes), seed)
    if print_config and panel is None:
        _show(with_start(asked.given(with_start)))
        return
    # A tiny panel gets all that any panel gets: faults are said before the panel is read.
    tiny = tiny_panel()
    stacks = not (folds or ensemble > 1 or tune) and not asks_for_one_network(settings or ())
    first = settled(asked.given(lambda given: settled(given, tiny, stacks=stacks)[0]), tiny)[0]
    if panel is None or (out is None and not print_config):
        raise ConfigError("training needs a PANEL and an --out FOLDER")
    if out is not None:
        check_out(Path(out), resume)

    from bioassay_mtl.models.about import known_assays
    from bioassay_mtl.panels.load import load_panel
    from bioassay_mtl.panels.schema import NO_TASK

    schema = schema_for(panel)
    no_assays = {name: {"kind": NO_TASK} for name in first.columns_read}
    schema = schema.changed(also={**no_assays, **schema.also})
    with waiting(f"reading {panel}"):
        loaded = load_panel([panel], schema)
    table = loaded.panel
    known = known_assays(about, table.tasks, table.tasks_of_values)
    say(f"{panel}: {kinds_line(table)}")
    for remark in remarks(loaded):
        say(remark)
    fitting = partial(settled, panel=table, stops=tune > 0, stacks=stacks)
    chosen, why = fitting(asked.given(lambda given: fitting(given)[0]))
    if print_config or out is None:
        _show(chosen)
        return
    if why:
        say(why)

    from bioassay_mtl.nn.fitted.settings import FittedConfig
    from bioassay_mtl.screening.cores import available_cores
    from bioassay_mtl.training.estimate import estimate, parts_of

    members = folds * repeats if folds else ensemble
    models = tune + members
    n_jobs = jobs_for(chosen, models, jobs)
    at_once = jobs_of(engine, address, n_jobs) if jobs is None else at_once
    networks, folds_of_each = parts_of(chosen)
    experts = (len(networks), folds_of_each + (folds_of_each > 1))  # in folds, and on all rows
    if not resume:
        with waiting("estimating the time"):
            n = workers or available_cores()
            found = estimate(table, chosen, workers=n, models=models, jobs=n_jobs)
        if found:
            is_of_trees = isinstance(chosen.network, FittedConfig)
            epochs = 0 if is_of_trees else chosen.epochs
            say(expected(found, epochs, models, *experts, jobs=n_jobs))
    shown = shown_epochs(chosen.epochs, members, tune, *experts, jobs=n_jobs)
    with shown as show, resumable(Path(out)), at_once as at_a_time:
        run = run_of(folds, repeats, ensemble, tune, baseline, at_a_time)
        evidence = run(
            table,
            chosen,
            out=out,
            resume=resume,
            workers=workers or available_cores(),
            progress=show,
            record={"chosen": why} if why else None,
            about={assay: facts.model_dump() for assay, facts in known.items()},
        )
    if evidence is None:
        say(f"{out} is complete: nothing is left to do")
        return
    for line in outcome(evidence, Path(out), time.perf_counter() - began):
        say(line)


def _show(config: TrainingConfig) -> None:
    import yaml

    from bioassay_mtl.config import TODAY

    settings = config.model_dump(mode="json", context=TODAY)
    typer.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)
