"""Summaries of the ledger: printed JSON lines and a Markdown table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rivals import features, scores
from benchmarks.rivals.choice import chosen_features, validation_ap
from benchmarks.rivals.evaluation import NAMES as PROTOCOLS
from benchmarks.rivals.ledger import Entry, Ledger, merge
from benchmarks.rivals.runner import NAMES as RIVALS


@dataclass(frozen=True)
class Summary:
    """One rival in one protocol, with the features it chose.

    Attributes
    ----------
    auc, ap : list of float
        Macro means, one a seed.
    assays : int
        Assays with both classes in the test part that were fitted.
    seconds : float
        All fits of the reported features on the whole training part, all seeds.
    chosen_ap : dict
        Validation macro AP by feature set, over the assays of the choice.
    """

    protocol: str
    rival: str
    features: str
    auc: list[float]
    ap: list[float]
    assays: int
    fitted: int
    seconds: float
    chosen_ap: dict[str, float]
    notes: dict[str, Any]


def summarize(protocol: str, rival: str, ledger: Ledger) -> Summary | None:
    """Summary of what the ledger holds, or None where it holds no test score."""
    feature = chosen_features(rival, protocol, ledger)
    entries = ledger.select(protocol, rival, "final", feature)
    if not entries:
        return None
    by_seed: dict[int, list[Entry]] = {}
    for entry in entries:
        by_seed.setdefault(entry.seed, []).append(entry)
    means = [scores.macro(merge(group)) for group in by_seed.values()]
    settings = ledger.select(protocol, rival, "settings", "")
    notes = dict(settings[0].notes) if settings else {}
    if entries[0].unit == "all":
        notes["by_seed"] = [{"seed": entry.seed, **entry.notes} for entry in entries]
    return Summary(
        protocol=protocol,
        rival=rival,
        features=feature,
        auc=[mean.auc for mean in means],
        ap=[mean.ap for mean in means],
        assays=len(merge(entries)),
        fitted=len(entries) if entries[0].unit != "all" else len(merge(entries)),
        seconds=sum(entry.seconds for entry in entries),
        chosen_ap=validation_ap(rival, protocol, ledger),
        notes=notes,
    )


def print_lines(summary: Summary) -> None:
    """One JSON object a line; a rival has no target of its own."""
    values: list[tuple[str, float, str]] = [
        ("macro_auc", float(np.mean(summary.auc)), "ratio"),
        ("macro_ap", float(np.mean(summary.ap)), "ratio"),
        ("assays", summary.assays, "assays"),
        ("seconds", summary.seconds, "s"),
    ]
    for metric, value, unit in values:
        line = {
            "case": f"{summary.protocol} {summary.rival}",
            "metric": metric,
            "value": round(value, 4),
            "unit": unit,
            "target": None,
            "features": summary.features,
            "seeds": len(summary.ap),
        }
        print(json.dumps(line), flush=True)


def write_markdown(ledger: Ledger, path: Path) -> None:
    """Write a table a protocol, with what was chosen, reduced and spent."""
    parts = ["# Rivals on the same rows\n"]
    parts.append(
        "Made by `python -m benchmarks.rivals`; scores a piece of work are in `rivals.jsonl`. "
        "Macro means over assays with an active and an inactive in the test part; cells that were "
        "not measured count nowhere. Seeds: mean and, where there are several, the range. "
        "Seconds are wall time of one thread on a shared machine.\n"
    )
    for protocol in PROTOCOLS:
        found = [summarize(protocol, rival, ledger) for rival in RIVALS]
        parts += _section(protocol, [summary for summary in found if summary is not None])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts))


def _section(protocol: str, summaries: list[Summary]) -> list[str]:
    if not summaries:
        return []
    lines = [f"## {protocol}\n"]
    lines.append("| rival | features | ROC-AUC | AP | seeds | assays | seconds |")
    lines.append("|---|---|---|---|---|---|---|")
    for summary in sorted(summaries, key=lambda one: -float(np.mean(one.ap))):
        stopped = any(not run.get("finished", True) for run in summary.notes.get("by_seed", []))
        name = f"{summary.rival} (stopped by time)" if stopped else summary.rival
        cells = [name, summary.features, _spread(summary.auc), _spread(summary.ap)]
        cells += [str(len(summary.ap)), str(summary.assays), f"{summary.seconds:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    used = sorted({summary.features for summary in summaries})
    lines += [f"- `{name}`: {features.DESCRIPTION[name]}." for name in used]
    for summary in summaries:
        lines.append(_note(summary))
    lines.append("")
    return lines


def _spread(values: list[float]) -> str:
    text = f"{np.mean(values):.4f}"
    return text if len(values) == 1 else f"{text} ({min(values):.4f} to {max(values):.4f})"


def _note(summary: Summary) -> str:
    parts = [f"- {summary.rival}: `{json.dumps(summary.notes.get('settings', {}))}`"]
    if any(not run.get("finished", True) for run in summary.notes.get("by_seed", [])):
        parts.append("**the time box ended its training before it converged: no fair comparison**")
    if len(summary.chosen_ap) > 1:
        values = ", ".join(f"{name} {value:.4f}" for name, value in summary.chosen_ap.items())
        parts.append(f"validation AP {values}")
    if "by_seed" in summary.notes:
        parts.append(f"runs `{json.dumps(summary.notes['by_seed'])}`")
    rows, commit = summary.notes.get("rows"), summary.notes.get("commit")
    if rows:
        parts.append(
            f"rows {rows['train']} / {rows['valid']} / {rows['test']} (train, valid, test)"
        )
    if commit:
        parts.append(f"commit {commit}; {summary.notes.get('machine')}")
    return "; ".join(parts) + "."
