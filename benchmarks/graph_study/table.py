"""The report: one table for each dataset, from the results file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.rivals.ledger import Entry, Ledger
from benchmarks.rivals.table import summarize

INTRODUCTION = """\
# Fingerprints, descriptors and graphs, alone and mixed

Made by `python -m benchmarks.graph_study` (see `--help`); every piece of work, with its settings,
is a line of `graph_study.jsonl`. Networks are stopped, and the shares of a mixture's members
chosen, on validation rows; test rows are scored once. A mixture joins the networks of the same seed
that stand above it. Macro means over assays with an active and an inactive among the test rows,
mean over seeds and, after `±`, their standard deviation. `better` counts the assays in which a row
has a higher average precision (AP) than `fingerprint` has, both as means over seeds. Time is
processor time of one thread, features not included; molecules/s of training. Budget: the settings
of `fingerprint` were tuned on PCBA before, those of `GINE` and `descriptors` are a few trials on
the validation rows of the scaffold split of PCBA, those of `D-MPNN` the best of four tried on the
validation rows of Tox21's.
`chemprop` and `DeepChem D-MPNN` have their defaults and 25 epochs; `chemprop tuned` has the best of
four settings by the validation rows of the first seed; `chemprop fast` is the one of the four that
did best on the validation rows of Tox21's scaffold split. Rows in italics are those of `rivals.md`,
whose test rows are the same; those to fit on and to choose are too in `pcba_scaffold`, and in
`pcba` they had more to fit on, up to all 34,358. On MUV the defaults of chemprop are in
`custom_panels.md`. No GPU was to be had, so the budget is small: often one seed of what takes a
quarter of an hour or more (chemprop, DeepChem and GINE on PCBA and MUV), 10,000 training rows of
MUV with all its actives, no tuning of DeepChem, and chemprop tuned on Tox21 alone. Its wall time
is that of a busy machine."""
SAME_ROWS = {"pcba": "B-random", "pcba_scaffold": "B-scaffold"}
"""Protocols of ``benchmarks.rivals`` with the test rows of a dataset of this study."""
ELSEWHERE = ("random_forest", "xgboost", "deepchem", "chemprop")


def write_report(results: Path) -> bool:
    """Write ``graph_study.md``; False where there is nothing to tell."""
    entries = list(Ledger(results / "graph_study.jsonl").entries.values())
    if not entries:
        return False
    lines = [INTRODUCTION]
    by_dataset: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in (each for each in entries if each.stage == "test"):
        by_dataset[entry.protocol, entry.features].append(entry)
    for (dataset, rows), found in by_dataset.items():
        lines += ["", *_section(dataset, rows, found)]
        if rows == "all" and dataset in SAME_ROWS:
            lines += _elsewhere(SAME_ROWS[dataset], Ledger(results / "rivals.jsonl"))
    (results / "graph_study.md").write_text("\n".join(lines) + "\n")
    return True


def _section(dataset: str, rows: str, entries: list[Entry]) -> list[str]:
    notes = entries[-1].notes
    size = "" if rows == "all" else " (a part)"
    lines = [
        f"## {dataset}",
        "",
        f"{notes['about']}; {notes['fit']:,} rows fitted on{size}, {notes['valid']:,} to choose, "
        f"{notes['test']:,} of test. {notes['made_with']['machine']}.",
        "",
        "| model | seeds | AP | AUC | better | validation AP | parameters | time | molecules/s | |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    by_model: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_model[entry.rival].append(entry)
    base = _by_assay(by_model.get("fingerprint", []))
    return [*lines, *(_row(name, found, base) for name, found in by_model.items())]


def _row(name: str, entries: list[Entry], base: dict[str, float]) -> str:
    mine = _by_assay(entries)
    both = [assay for assay in mine if assay in base]
    better = sum(mine[assay] > base[assay] for assay in both)
    notes = entries[0].notes
    chosen = notes["settings"]
    remark = f"shares {chosen['shares']}" if "shares" in chosen else ""
    if "chosen" in notes:
        remark = f"chosen: {notes['chosen']}"
    valid = [entry.notes["valid_ap"] for entry in entries if "valid_ap" in entry.notes]
    cells = [
        name,
        str(len(entries)),
        _spread([float(np.mean(entry.ap)) for entry in entries]),
        _spread([float(np.mean(entry.auc)) for entry in entries]),
        "" if name == "fingerprint" or not both else f"{better} of {len(both)}",
        f"{np.mean(valid):.4f}" if valid else "",
        f"{notes['parameters'] / 1e6:.1f} M" if "parameters" in notes else "",
        _time(entries),
        f"{notes['molecules_per_second']:,}" if "molecules_per_second" in notes else "",
        remark,
    ]
    return f"| {' | '.join(cells)} |"


def _elsewhere(protocol: str, ledger: Ledger) -> list[str]:
    found = [summarize(protocol, rival, ledger) for rival in ELSEWHERE]
    return [
        f"| *{each.rival.replace('_', ' ')}* | {len(each.ap)} | {_spread(each.ap)} | "
        f"{_spread(each.auc)} | | | | {each.seconds / len(each.ap):,.0f} s (wall) | | |"
        for each in found
        if each
    ]


def _time(entries: list[Entry]) -> str:
    cpu = [entry.notes.get("cpu_seconds") for entry in entries]
    if None not in cpu:
        return f"{np.mean([float(each) for each in cpu if each is not None]):,.0f} s"
    if "shares" in entries[0].notes["settings"]:
        return "of its members"
    return f"{np.mean([entry.seconds for entry in entries]):,.0f} s (wall)"


def _by_assay(entries: list[Entry]) -> dict[str, float]:
    """Mean average precision over seeds, by assay."""
    found: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        for assay, ap in zip(entry.assays, entry.ap, strict=True):
            found[assay].append(ap)
    return {assay: float(np.mean(values)) for assay, values in found.items()}


def _spread(values: list[float]) -> str:
    deviation = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):.4f}{deviation}"
