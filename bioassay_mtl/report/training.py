"""Training of a model: epochs, split, settings and provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from bioassay_mtl._version import __version__
from bioassay_mtl.errors import counted
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.network import n_weights
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.folds import fold_words
from bioassay_mtl.report.page import (
    Section,
    facts,
    figure,
    folded,
    heading,
    pair,
    paragraph,
    preformatted,
)
from bioassay_mtl.report.plot import Axis, Plot
from bioassay_mtl.report.wording import brief, percent
from bioassay_mtl.splits import SplitConfig

MOST_CURVES = 4

SPLITS = {
    "random": "Molecules were dealt out at random.",
    "scaffold": "Molecules that share a scaffold stand in one subset, so that the test set holds "
    "chemistry that the model has not seen.",
    "scaffold_balanced": "Molecules that share a scaffold stand in one subset; scaffolds were "
    "dealt out at random.",
    "cluster": "Molecules that are alike (in one cluster) stand in one subset.",
    "stratified": "Molecules were dealt out so that each subset has its share of every assay's "
    "rare outcomes.",
    "stratified_scaffold": "Molecules that share a scaffold stand in one subset, and each subset "
    "has its share of every assay's rare outcomes as far as that allows.",
    "time": "Molecules were ordered by a column: the test set is the latest.",
    "column": "A column of the panel says which subset a molecule is in.",
    "indices": "Files of row indices say which subset a molecule is in.",
}
DUPLICATES = " Duplicates of a molecule are never in two subsets."


def training_section(model: Model) -> Section:
    """Curves of the epochs, and the split."""
    history = [dict(record) for record in model.training.get("history", [])]
    return Section("training", "Training", _curves(model, history) + _split(model))


def _curves(model: Model, history: list[dict[str, Any]]) -> Markup:
    if not history:
        return Markup()
    best = model.training.get("best_epoch")
    epochs = [float(record.get("epoch", n)) for n, record in enumerate(history, 1)]
    figures = []
    names = [name for name in history[0] if name != "epoch"]
    for name in names[:MOST_CURVES]:
        values = np.array([_number(record.get(name)) for record in history])
        known = np.isfinite(values)
        if not known.any():
            continue
        shown = name.replace("_", " ")
        xs, ys = np.array(epochs)[known], values[known]
        plot = Plot(Axis.around([0, *epochs], "epoch"), Axis.around(ys, shown))
        plot.line(xs, ys)
        if best in epochs and known[at := epochs.index(best)]:
            plot.mark(epochs[at], values[at])
        elif len(xs) == 1:
            plot.mark(float(xs[0]), float(ys[0]))
        said = f"{shown} by epoch, from {brief(ys[0])} to {brief(ys[-1])}"
        figures.append(figure(plot.svg(said), f"{said.capitalize()}."))
    kept = ""
    if best is not None:
        kept = (
            f"{counted(len(history), 'epoch')}; the weights of epoch {best:g} were kept (marked)."
        )
    return paragraph(kept) + pair(figures)


def _split(model: Model) -> Markup:
    rows = model.training.get("rows")
    if not rows:
        return Markup()
    config = (model.training.get("config") or {}).get("split") or {}
    kind = str(config.get("kind", ""))
    total = sum(rows.values()) or 1
    pairs: list[tuple[str, object]] = [
        (part.capitalize(), f"{counted(n, 'molecule')} ({percent(n / total)})")
        for part, n in rows.items()
    ]
    if left_out := model.training.get("rows_left_out"):
        pairs.append(("In no subset", counted(left_out, "molecule")))
    usual = SplitConfig().model_dump(mode="json")
    used = {
        name: value
        for name, value in config.items()
        if name in ("fractions", "seed") or value != usual.get(name, value)
    }
    used.pop("kind", None)
    if rows.get("train") == total and not fold_words(model):
        return (
            heading("Split")
            + paragraph("All molecules were trained on: none was held out.")
            + facts(pairs[:1])
        )
    words = SPLITS.get(kind, f"Split by {kind}.") + DUPLICATES
    if folds := fold_words(model):
        words += " Subsets are folds here, each held out by a network of its own."
        pairs = [("Molecules", f"{total:,}"), ("Folds", folds)]
    pairs.append(("Split", ", ".join([kind, *(f"{n} {_plain(v)}" for n, v in used.items())])))
    return heading("Split") + paragraph(words) + facts(pairs)


def settings_section(evidence: Evidence) -> Section:
    """Section of what another would need to make the model again."""
    import yaml

    model = evidence.model
    parameters = n_weights(model.network)
    pairs: list[tuple[str, object]] = [
        ("Model", model.name),
        ("Network", f"{getattr(model.network_config, 'kind', '')}, {parameters:,} parameters"),
        (
            "Reads",
            "; ".join(f"{n}: {each.summary}" for n, each in model.featurizer.fingerprints.items()),
        ),
        ("Evaluated on", evidence.rows or "a panel"),
        ("Evaluated molecules", f"{len(evidence.panel):,}"),
        ("Left out, unreadable", f"{evidence.left_out:,}"),
    ]
    if digest := model.training.get("panel_sha256"):
        pairs.append(("Training panel, SHA-256", digest))
    pairs += [("bioassay_mtl", __version__)]
    pairs += [(name, version) for name, version in model.featurizer.versions().items()]
    body = facts(pairs)
    if config := model.training.get("config"):
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        body += folded("All training settings", preformatted(text))
    return Section("settings", "Settings and provenance", body)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return " / ".join(map(str, value))
    return str(value)
