"""The model card: what a reader must know before trusting a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bioassay_mtl.nn.model import Model


def model_card(model: Model) -> str:
    """Markdown card of a model trained on a user's own panel."""
    rows = model.training["rows"]
    n_parameters = sum(p.numel() for p in model.network.parameters())
    lines = [
        f"# {model.name}",
        "",
        f"Probability of activity in {len(model.tasks)} assays, from SMILES.",
        "",
        f"- Network: {model.network_config.kind}, "  # type: ignore[attr-defined]
        f"{n_parameters / 1e6:.2f} million parameters, "
        f"{model.network.connections.shape[1]} experts",
        f"- Reads: {', '.join(describe_inputs(model))}",
        f"- Trained on {rows['train']:,} molecules with "
        f"{sum(model.label_counts['active']):,} active and "
        f"{sum(model.label_counts['inactive']):,} inactive cells; cells that were not measured "
        "have no part in it",
        f"- Panel (SHA-256): `{model.training['panel_sha256']}`",
        "",
    ]
    measured = {part: values for part, values in model.metrics.items() if values}
    if measured:
        lines += ["| rows | molecules | ROC-AUC | average precision |", "|---|---|---|---|"]
        lines += [_metric_row(part, rows[part], values) for part, values in measured.items()]
        lines += ["", "Macro means over the assays with an active and an inactive molecule."]
    return "\n".join(lines) + "\n"


def describe_inputs(model: Model) -> list[str]:
    """One phrase for each input."""
    return [
        f"{name} ({fingerprint.summary})"
        for name, fingerprint in model.featurizer.fingerprints.items()
    ]


def _metric_row(part: str, n: int, values: Mapping[str, Any]) -> str:
    cells = [values["macro"][metric] for metric in ("roc_auc", "average_precision")]
    shown = ["n/a" if cell is None else f"{cell:.3f}" for cell in cells]
    return f"| {part} | {n:,} | {' | '.join(shown)} |"
