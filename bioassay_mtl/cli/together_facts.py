"""The facts about models that were trained together for people to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from bioassay_mtl.cli.console import PlainConsole
from bioassay_mtl.errors import ModelFolderError

FILE = "together.json"


def read_together(folder: str) -> dict[str, Any] | None:
    """Facts on what the models of a folder share; None where none were trained together.

    Raises
    ------
    ModelFolderError
        The file that says so cannot be read.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found["panels"], found["shared"], found["settings"]["sharing"]["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(f"{path}: does not say what was trained together: {error}") from None
    return found


def faults_of(folder: str, record: Mapping[str, Any]) -> list[str]:
    """Reasons why models of the folder cannot be read, one a model; nothing is loaded."""
    from bioassay_mtl.models.folder import read_config
    from bioassay_mtl.models.folder_checks import WEIGHTS, checked

    found = []
    for name in record["panels"]:
        place = Path(folder) / name
        try:
            checked(place, WEIGHTS, read_config(place))
        except ModelFolderError as error:
            found.append(f"{name} is no whole model: {error}")
    return found


def show_together(record: Mapping[str, Any]) -> None:
    """Print the panels, what they share, and how the search settled."""
    from bioassay_mtl.report.together import WAYS, summary

    console = PlainConsole()
    kind = record["settings"]["sharing"]["kind"]
    console.print(WAYS.get(kind, f"Sharing: {kind}."))
    if text := summary(record):
        console.print(text)
    console.print(_panels(record))
    known = record["shared"].get("modules")
    if known is not None:
        console.print(_layers(known))
    history = record["shared"].get("generations")
    if history:
        first, last = history[0], history[-1]
        console.print(
            f"{len(history)} generations: {_changed(first)} of the searched blocks changed in the "
            f"first, {_changed(last)} in the last; modules in use {first['modules']:,} and "
            f"{last['modules']:,}."
        )
    if matrix := record["shared"].get("connections"):
        for panel, row in matrix.items():
            served = ", ".join(str(n + 1) for n, is_open in enumerate(row) if is_open)
            console.print(f"experts of {panel}: {served}")
    for panel, share in record["shared"].get("added", {}).items():
        console.print(f"adapters of {panel}: {share:.1%} of the norm of the shared weights")


def _changed(generation: Mapping[str, Any]) -> str:
    return f"{generation['changed'] / max(1, generation['searched']):.0%}"


def _panels(record: Mapping[str, Any]) -> Table:
    table = Table(title="Panels", title_justify="left", box=box.SIMPLE)
    table.add_column("panel")
    for name in ("assays", "trained on", "left out", "steps a round", "best round"):
        table.add_column(name, justify="right")
    keys = ("tasks", "train", "kept_apart", "steps_of_a_round", "best_epoch")
    for name, known in record["panels"].items():
        table.add_row(name, *(f"{known[key]:,}" for key in keys))
    return table


def _layers(known: Mapping[str, Any]) -> Table:
    table = Table(title="Modules by panel and layer", title_justify="left", box=box.SIMPLE)
    panels = known["panels"]["names"]
    for name in ("panel", "layer"):
        table.add_column(name)
    for name in ("blocks", "modules", *(f"of {panel}" for panel in panels)):
        table.add_column(name, justify="right")
    for each in known["layers"]:
        shares = [f"{each['shared_with'][p]:.0%}" if p != each["panel"] else "" for p in panels]
        counts = len(each["modules"]), len({*each["modules"]})
        table.add_row(each["panel"], each["layer"], *(f"{n:,}" for n in counts), *shares)
    return table
