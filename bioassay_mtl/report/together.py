"""The page about models that were trained together: what each learned, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from bioassay_mtl.errors import counted
from bioassay_mtl.files import write_whole
from bioassay_mtl.report.heat_map import heat_map
from bioassay_mtl.report.page import Section, figure, join, page, paragraph
from bioassay_mtl.report.plot import Axis, Plot
from bioassay_mtl.report.table import Column, table

PAGE = "together.html"
WAYS = {
    "none": "Nothing was shared: each panel learned as it would alone.",
    "trunk": "All panels share their experts; gates and towers are each panel's own.",
    "mmoeex": "Panels share a mixture of experts, some of which are exclusive to panels.",
    "adapters": "Panels share their experts, beside which each has small matrices of its own.",
    "muir": "Hidden layers of all panels are made of modules from one pool; which module each "
    "block uses was searched while they were trained.",
}
Record = Mapping[str, Any]


def write_together_page(record: Record, metrics: Mapping[str, Any], folder: Path) -> None:
    """Write the page into the folder of the models.

    Parameters
    ----------
    record
        Record of :class:`bioassay_mtl.training.together.fit.Together`.
    metrics
        Metrics of each model, by panel.
    folder
        Folder of the models.
    """
    write_whole(folder / PAGE, together_page(record, metrics))


def together_page(record: Record, metrics: Mapping[str, Any]) -> str:
    """HTML of the page; parameters as of :func:`write_together_page`."""
    shared = record["shared"]
    kind = record["settings"]["sharing"]["kind"]
    return page(
        "Panels trained together",
        f"{counted(len(record['panels']), 'panel')}, sharing {kind}",
        paragraph(WAYS.get(kind, f"Sharing: {kind}.")) + paragraph(summary(record)),
        [
            Section("panels", "Panels", _panels(record, metrics)),
            Section("experts", "Experts", _connections(shared)),
            Section("added", "Adapters", _added(shared)),
            Section("modules", "Modules by panel and layer", _layers(shared)),
            Section("clusters", "Who is alike", _clusters(shared)),
            Section("search", "How the alignment settled", _generations(shared)),
        ],
    )


def summary(record: Record) -> str:
    """Summary of what is shared, a sentence; empty where there is nothing to count."""
    known = record["shared"].get("modules")
    if known is None:
        return ""
    several = known["of_several_panels"]
    return (
        f"{counted(known['locations'], 'block')} of {known['block'][0]} x {known['block'][1]} use "
        f"{counted(known['used'], 'module')}, of which {several} "
        f"{'serves' if several == 1 else 'serve'} several panels."
    )


def _panels(record: Record, metrics: Mapping[str, Any]) -> Markup:
    panels = record["panels"]
    columns = [
        Column("Assays", [f"{known['tasks']:,}" for known in panels.values()]),
        Column("Training molecules", [f"{known['train']:,}" for known in panels.values()]),
        Column(
            "Left out",
            [f"{known['kept_apart']:,}" for known in panels.values()],
            about="Training molecules that are test molecules of another panel",
        ),
        Column("Steps a round", [f"{known['steps_of_a_round']:,}" for known in panels.values()]),
        Column("Best round", [f"{known['best_epoch']:,}" for known in panels.values()]),
        Column("Test set", [_score(metrics.get(name)) for name in panels], is_text=True),
    ]
    said = paragraph(
        f"{counted(record['rounds'], 'round')}; batches alternate by the rule "
        f"{record['settings']['alternation']}. Each panel's folder has a report of its own."
    )
    return table("Panels that were trained together", [*panels], columns, name="Panel") + said


def _score(metrics: Any) -> str:
    """The macro scores of the test set that are known."""
    macro = ((metrics or {}).get("test") or {}).get("macro") or {}
    names = ("average_precision", "roc_auc", "r2", "concordance")
    known = [(name, macro[name]) for name in names if isinstance(macro.get(name), float)]
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in known) or "–"


def _connections(shared: Record) -> Markup:
    matrix = shared.get("connections")
    if not matrix:
        return Markup()
    values = np.array([*matrix.values()], dtype=np.float64)
    return figure(
        heat_map(
            values,
            [*matrix],
            f"Which of {values.shape[1]} experts serve which panel",
            columns=[str(n + 1) for n in range(values.shape[1])] if values.shape[1] <= 24 else (),
        ),
        "Experts, from left to right, that are open to each panel.",
    )


def _added(shared: Record) -> Markup:
    added = shared.get("added")
    if not added:
        return Markup()
    cells = [f"{share:.1%}" for share in added.values()]
    columns = [Column("Norm of what is added, beside that of the shared weights", cells)]
    return table("What adapters add", [*added], columns, name="Panel")


def _layers(shared: Record) -> Markup:
    known = shared.get("modules")
    if known is None:
        return Markup()
    panels = known["panels"]["names"]
    layers = known["layers"]
    values = np.array(
        [[1.0 if p == each["panel"] else each["shared_with"][p] for p in panels] for each in layers]
    )
    names = [f"{each['panel']}: {each['layer']}" for each in layers]
    columns = [
        Column("Shape", [" x ".join(map(str, each["shape"])) for each in layers], is_text=True),
        Column("Blocks", [f"{len(each['modules']):,}" for each in layers]),
        Column("Modules", [f"{len({*each['modules']}):,}" for each in layers]),
        *(
            Column(
                panel,
                ["own" if panel == each["panel"] else f"{row[place]:.0%}" for each, row in rows],
                about=f"Share of a layer's blocks whose module {panel} uses somewhere",
            )
            for place, panel in enumerate(panels)
            for rows in [list(zip(layers, values, strict=True))]
        ),
    ]
    shown = figure(
        heat_map(
            values,
            list(map(_short, names)),
            "Layers by panels",
            columns=panels if len(panels) <= 12 else (),
        ),
        "Share of each layer's blocks whose module a panel uses somewhere. A layer is named by its "
        "panel, the number of its group of experts, and its place there.",
    )
    return shown + table("Modules of each layer", names, columns, name="Layer")


def _short(name: str) -> str:
    """A layer's name without what all have: its group of experts, and its place in it."""
    return name.removesuffix(".weight").replace(": groups.", ": ")


def _clusters(shared: Record) -> Markup:
    known = shared.get("modules")
    if known is None:
        return Markup()
    parts = []
    for key, what in (("panels", "panels"), ("clusters", "layers"), ("assays", "assays")):
        found = known.get(key)
        if found is None:
            continue
        order = found["order"]
        likeness = np.array(found["likeness"])[np.ix_(order, order)]
        names = [_short(found["names"][place]) for place in order]
        parts.append(
            figure(
                heat_map(
                    likeness,
                    names,
                    f"Likeness of {what}",
                    written=likeness if len(names) <= 12 else None,
                ),
                f"Likeness of {what} (cosine of how often each module is used), ordered so that "
                "the alike lie together.",
            )
        )
    return join(parts)


def _generations(shared: Record) -> Markup:
    history = shared.get("generations")
    if not history:
        return Markup()
    numbers = [each["generation"] for each in history]
    changed = [each["changed"] / max(1, each["searched"]) for each in history]
    modules = [each["modules"] for each in history]
    share = Plot(Axis.around([0, *numbers], "generation"), Axis.share("changed"))
    share.line(numbers, changed)
    used = Plot(Axis.around([0, *numbers], "generation"), Axis.around([0, *modules], "modules"))
    used.line(numbers, modules)
    return figure(
        share.svg("Share of searched blocks that changed their module"),
        "Share of the searched blocks that took another module, by generation.",
    ) + figure(used.svg("Modules in use"), "Modules in use, by generation.")
