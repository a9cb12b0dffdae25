"""The model card: what a reader must know before trusting a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bioassay_mtl.chem.sight import sight_of
from bioassay_mtl.confidence.evidence import HELD_OUT, OUT_OF_FOLD, VALIDATION
from bioassay_mtl.errors import counted
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.network import n_weights


def model_card(model: Model) -> str:
    """Markdown card of a model trained on a user's own panel."""
    rows = model.training["rows"]
    n_parameters = n_weights(model.network)
    lines = [
        f"# {model.name}",
        "",
        _promise(model),
        "",
        f"- Network: {model.network_config.kind}, "  # type: ignore[attr-defined]
        f"{n_parameters / 1e6:.2f} million parameters, "
        f"{model.network.connections.shape[1]} experts",
        f"- Reads: {', '.join(describe_inputs(model))}",
        f"- Trained on {counted(rows['train'], 'molecule')} with {_cells(model)}; cells that were "
        "not measured have no part in it",
        f"- Panel (SHA-256): `{model.training['panel_sha256']}`",
        *(f"- {sentence}" for sentence in (*said_of(model), *what_it_sees(model))),
        "",
    ]
    measured = {part: values for part, values in model.metrics.items() if values}
    if any("macro_by_kind" in values for values in measured.values()):
        lines += [line for part, values in measured.items() for line in _by_kind(part, values)]
        lines += ["Macro means over the tasks of each kind that have two different outcomes."]
    elif measured:
        lines += ["| rows | molecules | ROC-AUC | average precision |", "|---|---|---|---|"]
        lines += [_metric_row(part, values) for part, values in measured.items()]
        lines += [
            "",
            "Macro means over the assays with an active and an inactive molecule. By chance: 0.5, "
            "and the share of actives.",
        ]
    return "\n".join(lines) + "\n"


CALIBRATED_ON = {
    OUT_OF_FOLD: "training rows out of fold",
    VALIDATION: "the validation rows",
    HELD_OUT: "rows held out from another training of the same settings",
}


def said_of(model: Model) -> list[str]:
    """Words on how probabilities were calibrated, and where values end."""
    limits = [] if model.limits is None else model.limits.words(model.tasks)
    shown = ", ".join(limits[:5]) + (f" and {len(limits) - 5} more" if len(limits) > 5 else "")
    ends = [f"Values and their intervals end where an assay's values do: {shown}."]
    return [*calibrated_on(model), *(ends if limits else [])]


def calibrated_on(model: Model) -> list[str]:
    """Rows by which probabilities were made of logits, and what that was worth."""
    found = model.calibration
    if found is None:
        return []
    rows = CALIBRATED_ON[found.rows]
    return [
        f"Probabilities are calibrated on {rows}: mean log loss {found.log_loss_before:.4f} before "
        f"and {found.log_loss_after:.4f} after, where the calibration was not fitted."
    ]


def what_it_sees(model: Model) -> list[str]:
    """Words on which molecules get the same predictions, and which are marked as known."""
    sight, known = sight_of(model.featurizer), model.training_molecules
    said = [] if sight is None else sight.sentences
    if known is None:
        return said
    more = f"; not {counted(known.n_blank, 'row')} without a structure" if known.n_blank else ""
    return [
        *said,
        "A screen marks (`in_training`) the molecules that it was trained on and those that chose "
        f"its epoch, whatever their salt or stereochemistry{more}.",
    ]


def _promise(model: Model) -> str:
    if all(kind.has_actives for kind in model.kinds):
        return f"Probability of activity in {counted(len(model.tasks), 'assay')}, from SMILES."
    counts = Counter(kind.kind for kind in model.kinds)
    kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return f"Predictions of {counted(len(model.tasks), 'task')} ({kinds}), from SMILES."


def _cells(model: Model) -> str:
    counts = model.label_counts
    if "measured" in counts:
        return f"{sum(counts['measured']):,} measured cells"
    return f"{sum(counts['active']):,} active and {sum(counts['inactive']):,} inactive cells"


def _by_kind(part: str, values: Mapping[str, Any]) -> list[str]:
    """A table of the means of each kind on one part."""
    lines = [f"| {_rows(part, values)} | metric | mean |", "|---|---|---|"]
    for kind, macro in values["macro_by_kind"].items():
        names = [name for name in macro if not name.endswith("_sd")]
        lines += [f"| {kind} | {name} | {_mean(macro, name)} |" for name in names]
    return [*lines, ""]


def describe_inputs(model: Model) -> list[str]:
    """One phrase for each input."""
    return [
        f"{name} ({fingerprint.summary})"
        for name, fingerprint in model.featurizer.fingerprints.items()
    ]


def _metric_row(part: str, values: Mapping[str, Any]) -> str:
    shown = [_mean(values["macro"], metric) for metric in ("roc_auc", "average_precision")]
    return f"| {_rows(part, values)} | {values['n_molecules']:,} | {' | '.join(shown)} |"


def _rows(part: str, values: Mapping[str, Any]) -> str:
    n = values.get("n_folds")
    return part if n is None else f"out of fold (mean ± deviation of {n})"


def _mean(macro: Mapping[str, float | None], metric: str) -> str:
    """A mean and, over folds, its standard deviation."""
    value, deviation = macro[metric], macro.get(f"{metric}_sd")
    shown = "n/a" if value is None else f"{value:.3f}"
    return shown if deviation is None else f"{shown} ± {deviation:.3f}"
