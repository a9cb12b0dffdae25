"""Cards of the shipped models: what they are and have learned from, and how good they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.harness.networks import n_parameters
from bioassay_mtl.chem.sight import sight_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.card import describe_inputs

KINDS = {
    "dmpnn": "directed message passing between bonds",
    "gine": "message passing between atoms (GINE with a virtual node)",
}


def card(model: Model) -> str:
    """Markdown card of ``pcba128``; ``model.metrics`` holds both evaluations."""
    counts, rows = model.label_counts, model.training["rows"]["train"]
    active, inactive = sum(counts["active"]), sum(counts["inactive"])
    missing = 1 - (active + inactive) / (rows * len(model.tasks))
    n = model.network.connections.shape[1]
    return _filled("card", model, experts=n, active=active, inactive=inactive, missing=missing)


def mix_card(model: Model) -> str:
    """Markdown card of ``pcba128-mix``."""
    graph = model.training["members"]["graph"]
    group = graph["config"]["network"]["experts"][0]
    return _filled("mix_card", model, graph=graph, group=group, kind=KINDS[group["kind"]])


def fast_card(model: Model) -> str:
    """Markdown card of ``pcba128-fast``."""
    return _filled("fast_card", model)


def _filled(template: str, model: Model, **facts: Any) -> str:
    text = Path(__file__).with_name(f"{template}.md").read_text()
    table = "\n".join(metric_row(name, values) for name, values in model.metrics.items())
    facts |= {"parameters": n_parameters(model) / 1e6, "inputs": ", ".join(describe_inputs(model))}
    facts |= {"table": table, "sight": sight(model), "calibrated": calibrated(model)}
    return text.format(training=model.training, **facts)


def calibrated(model: Model) -> str:
    """What its probabilities were calibrated on; nothing where they were not."""
    if (found := model.calibration) is None:
        return ""
    text = (
        "**Probabilities**: calibrated for each assay on molecules that the same settings, trained "
        "without them, had not seen; their mean log loss goes from "
        f"{found.log_loss_before:.4f} to {found.log_loss_after:.4f}. `--raw` gives those of the "
        "network, of which the Brier scores and calibration errors in `metrics.json` are."
    )
    return f"{_points([text])}\n"


def sight(model: Model) -> str:
    """What the model cannot tell apart, and how many molecules a screen marks as known."""
    lines = [] if (found := sight_of(model.featurizer)) is None else [*found.sentences]
    if (known := model.training_molecules) is not None:
        lines.append(
            f"A screen marks the molecules that it was trained on (`in_training`), whatever their "
            f"salt or stereochemistry: {len(known):,} different ones, {known.unidentified:,} rows "
            "without a known structure."
        )
    return _points(lines)


def _points(lines: Iterable[str]) -> str:
    how: dict[str, Any] = {"initial_indent": "- ", "subsequent_indent": "  "}
    return "\n".join(fill(line, 100, break_on_hyphens=False, **how) for line in lines)


def metric_row(name: str, values: dict[str, Any]) -> str:
    macro = values["macro"]
    cells = [
        f"{macro[metric]:.3f} ({macro[metric + '_low']:.3f} to {macro[metric + '_high']:.3f})"
        for metric in ("roc_auc", "average_precision")
    ]
    sizes = [f"{values[key]:,}" for key in ("n_train", "n_test")]
    return f"| {name} | {' | '.join([*sizes, *cells])} | {values['n_tasks_in_macro']} |"
