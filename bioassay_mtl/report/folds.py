"""Cross-validation: the mean of each metric over the folds, and how far it scatters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from bioassay_mtl.errors import counted
from bioassay_mtl.models.model import Model
from bioassay_mtl.report.page import Section, join, paragraph
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import number

SHOWN = {
    "roc_auc": "ROC-AUC",
    "average_precision": "AP",
    "roc_auc_ovr": "ROC-AUC",
    "balanced_accuracy": "Balanced accuracy",
    "quadratic_kappa": "Kappa",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "spearman": "Spearman",
    "concordance": "Concordance",
}
"""Metrics that the table has, where an assay's kind has them."""


def folds_section(model: Model) -> Section:
    """Empty for models that were not trained by folds."""
    found = model.metrics.get("out_of_fold")
    if not found:
        return Section("folds", "Cross-validation", Markup())
    rows = found["tasks"]
    kinds = dict.fromkeys(row.get("kind", "binary") for row in rows)
    tables = [_table(found, [r for r in rows if r.get("kind", "binary") == k], k) for k in kinds]
    return Section("folds", "Cross-validation", paragraph(_about(model, found)) + join(tables))


def fold_words(model: Model) -> str:
    """``5 folds``, ``5 folds, 3 times``; empty for models that were not trained by folds."""
    folds = model.training.get("folds")
    if not folds:
        return ""
    times = f", {folds['repeats']} times" if folds["repeats"] > 1 else ""
    return counted(folds["n"], "fold") + times


def _about(model: Model, found: Mapping[str, Any]) -> str:
    return (
        f"{fold_words(model)}: each network was trained without its fold and then predicted it. "
        f"The figures are means over {counted(found['n_folds'], 'fold')} ± their standard "
        "deviation; folds that hold too few outcomes of an assay do not count for it. All other "
        "figures of this page are over the predictions of all folds together."
    )


def _table(found: Mapping[str, Any], rows: list[Mapping[str, Any]], kind: str) -> Markup:
    """A row for each assay of a kind, below one for their mean."""
    macro = found.get("macro_by_kind", {}).get(kind, found["macro"])
    names = [name for name in SHOWN if name in macro and macro[name] is not None]
    columns = [
        Column("Folds", [f"{row['n_folds']}" for row in rows], about="Folds that count"),
        *(Column(SHOWN[name], [_with_spread(row, name) for row in rows]) for name in names),
    ]
    means = ", ".join(f"{SHOWN[name]} {_with_spread(macro, name)}" for name in names)
    text = f"Mean of the {kind} assays: {means}." if names else f"No fold can judge {kind} assays."
    caption = f"Metrics of each {kind} assay over folds"
    return paragraph(text) + table(caption, [row["task"] for row in rows], columns, name="Assay")


def _with_spread(values: Mapping[str, Any], name: str) -> str:
    value, spread = (
        math.nan if values[key] is None else float(values[key]) for key in (name, f"{name}_sd")
    )
    return number(value) + (f" ± {number(spread)}" if math.isfinite(spread) else "")
