"""The facts about a model for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table

from bioassay_mtl.cli.assay_table import assay_table
from bioassay_mtl.cli.console import PlainConsole
from bioassay_mtl.errors import counted
from bioassay_mtl.panels.header import some


def show(facts: dict[str, Any], *, all_assays: bool = False) -> None:
    """Print the facts.

    Parameters
    ----------
    facts
        Facts of :func:`bioassay_mtl.cli.model_facts.model_facts`.
    all_assays
        List assays one by one even where there are many.
    """
    console = PlainConsole()
    console.print(overview(facts))
    console.print(use_of_experts(facts))
    if any(facts["metrics"].values()):
        console.print(metrics_table(facts["metrics"]))
    if all_assays or len(facts["tasks"]) <= FEW_ASSAYS:
        console.print(assay_table(facts))


FEW_ASSAYS = 20
"""Assays that are listed without being asked for."""

_STANDARDIZED = {
    False: "",
    True: "standardized: salts stripped, charges neutralized",
    "tautomer": "standardized: salts stripped, charges neutralized, canonical tautomers",
}


def overview(facts: dict[str, Any]) -> Table:
    """Name, size, inputs, assays, versions."""
    counts = facts["label_counts"]
    active = sum(counts.get("active", []))
    measured = active + sum(counts.get("inactive", []))
    kinds = Counter(kind["kind"] for kind in facts["kinds"])
    said = "" if set(kinds) == {"binary"} else ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    measured = sum(counts.get("measured", [measured]))
    standard = _STANDARDIZED[facts["features"].get("standardise", False)]
    links = facts["connections"]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for name, text in (
        ("model", f"{facts['name']} ({facts['network']['kind']}, {facts['parameters']:,} weights)"),
        *([("code", _coded(facts["code"]))] if facts["code"] else []),
        ("reads", ", ".join(f"{name}: {n:,} values" for name, n in facts["inputs"].items())),
        *([("molecules", standard)] if standard else []),
        *([("sight", " ".join(facts["sight"]))] if facts["sight"] else []),
        ("assays", f"{len(facts['tasks'])}: {some(facts['tasks'], 4)}"),
        *([("kinds", said)] if said else []),
        *([("grades", facts["grades"])] if facts["grades"] else []),
        (
            "trained on",
            f"{measured:,} measured cells"
            + (f", {active:,} of them active" if kinds["binary"] else ""),
        ),
        ("in training", _known(facts["training_molecules"])),
        ("domain", _domain(facts["domain"])),
        ("probabilities", _calibration(facts["calibration"])),
        (
            "experts",
            f"{links['experts']}, of which {links['exclusive_experts']} exclusive; "
            f"{links['open'] / (links['tasks'] * links['experts']):.0%} of connections open",
        ),
        (
            "diversity",
            f"{facts['expert_diversity']['mean']:.3f} (mean distance of experts, 0 to 1)",
        ),
        *([("together", _together(facts))] if "together" in facts["training"] else []),
        ("versions", ", ".join(f"{name} {v}" for name, v in facts["versions"].items())),
    ):
        table.add_row(name, text)
    return table


def _coded(code: dict[str, float]) -> str:
    """Size of a coded model, without its settings."""
    said = f"{code['numbers']:,} numbers in {code['bytes']:,} bytes"
    return f"{said}, {code['bits_a_number']:.2f} bits a number"


def _together(facts: dict[str, Any]) -> str:
    """Panels that it was trained with, and what they share."""
    known = facts["training"]["together"]
    others = [name for name in known["panels"] if name != facts["name"]]
    kind = known["settings"]["sharing"]["kind"]
    modules = known["shared"].get("modules")
    said = f"trained beside {', '.join(others)}, sharing {kind}"
    if modules is None:
        return said
    own = [each for each in modules["layers"] if each["panel"] == facts["name"]]
    blocks = [module for each in own for module in each["modules"]]
    theirs = {m for each in modules["layers"] if each not in own for m in each["modules"]}
    return (
        f"{said}: {len(blocks):,} blocks of {len({*blocks}):,} modules, of which "
        f"{len({*blocks} & theirs):,} serve other panels too"
    )


def _known(molecules: dict[str, int] | None) -> str:
    """Number of training molecules that a screen can mark."""
    if molecules is None:
        return "not known: a screen cannot mark molecules that the model was trained on"
    lost = molecules["unidentified"]
    more = f"; {counted(lost, 'row')} without a structure are not" if lost else ""
    return f"{counted(molecules['known'], 'molecule is', 'molecules are')} marked in a screen{more}"


def _calibration(known: dict[str, Any] | None) -> str:
    """Rows that probabilities were calibrated on."""
    if known is None:
        return "as the network gives them"
    before, after = known["log_loss_before"], known["log_loss_after"]
    return f"calibrated ({known['rows']}): log loss {before:.4f} before, {after:.4f} after"


def _domain(known: dict[str, Any] | None) -> str:
    """Similarity from which on molecules are inside."""
    if known is None:
        return "not kept: a screen cannot tell how near training molecules are"
    inside = f"inside from a similarity of {known['threshold']:.2f} to one of them on"
    return f"{counted(known['molecules'], 'training molecule')} to compare with; {inside}"


def use_of_experts(facts: dict[str, Any]) -> Table:
    """Assays that each expert serves, its weight, and how it differs."""
    served = facts["connections"]["tasks_per_expert"]
    distances = facts["expert_diversity"]["matrix"]
    weights = list(facts["gate_utilisation"].values())
    table = Table(title="Experts", title_justify="left", box=box.SIMPLE)
    for name in ("expert", "assays", "mean gate weight", "first choice of", "mean distance"):
        table.add_column(name, justify="right")
    for expert, n_assays in enumerate(served):
        others = [d for other, d in enumerate(distances[expert]) if other != expert]
        table.add_row(
            str(expert),
            str(n_assays),
            f"{sum(row[expert] for row in weights) / len(weights):.3f}",
            str(sum(row[expert] == max(row) for row in weights)),
            f"{sum(others) / len(others):.3f}" if others else "",
        )
    return table


def metrics_table(metrics: dict[str, Any]) -> Table:
    """``metrics.json`` without single assays: a column for each part, intervals in brackets."""
    columns = {
        part: dict(plain_numbers(_once(values))) for part, values in metrics.items() if values
    }
    table = Table(title="Measured (means over assays)", title_justify="left", box=box.SIMPLE)
    table.add_column("metric")
    for part in columns:
        table.add_column(part, justify="right")
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        if not name.endswith(("_low", "_high")):
            table.add_row(
                name.removeprefix("macro_by_kind ").removeprefix("macro "),
                *(_with_interval(column, name) for column in columns.values()),
            )
    return table


def _once(values: dict[str, Any]) -> dict[str, Any]:
    """Metrics without the means of the first kind, where those of every kind are there."""
    return {k: v for k, v in values.items() if k != "macro" or "macro_by_kind" not in values}


def _with_interval(values: dict[str, float], name: str) -> str:
    if name not in values:
        return ""
    low, high = values.get(f"{name}_low"), values.get(f"{name}_high")
    interval = "" if low is None or high is None else f" ({low:.3g} to {high:.3g})"
    value = values[name]
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}{interval}"


def plain_numbers(values: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Numbers in nested mappings by their path; lists (of assays) are passed over."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from plain_numbers(value, f"{name} {key}".lstrip())
    elif isinstance(values, int | float) and not isinstance(values, bool):
        yield name or "value", values
