"""The report: one table for each dataset, from the results file."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness.ledger import Ledger
from benchmarks.harness.standings import Standing, standings, table

INTRODUCTION = """\
# Fingerprints, descriptors and graphs, alone and mixed

Made by `python -m benchmarks.graph_study` (see `--help`); every piece of work, with its settings,
is a line of `graph_study.jsonl`. Networks are stopped, and the shares of a mixture's members
chosen, on validation rows; test rows are scored once. A mixture joins the networks of the same seed
that stand above it. Macro means over assays with an active and an inactive among the test rows,
mean over seeds and, after `±`, their standard deviation. `better` counts the assays in which a row
has a higher average precision (AP) than `fingerprint` has, both as means over seeds. Time is
processor time of one thread, features not included. Budget: the settings
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


def write_report(results: Path) -> bool:
    """Write ``graph_study.md``; False where there is nothing to tell."""
    ledger, lines = Ledger(results / "graph_study.jsonl"), [INTRODUCTION]
    elsewhere = Ledger(results / "rivals.jsonl")
    tests = ledger.select(stage="test")
    for dataset, rows in dict.fromkeys((each.protocol, each.features) for each in tests):
        found = standings(ledger.select(stage="test", protocol=dataset, features=rows))
        if rows == "all" and dataset in SAME_ROWS:
            others = standings(elsewhere.select(stage="final", protocol=SAME_ROWS[dataset]))
            found += [Standing(f"*{each.model}*", each.entries) for each in others]
        notes, part = found[0].entries[0].notes, "" if rows == "all" else " (a part)"
        about = f"{notes['about']}; {notes['fit']:,} rows fitted on{part}, {notes['valid']:,} to "
        about += f"choose, {notes['test']:,} of test. {notes['made_with']['machine']}."
        lines += ["", f"## {dataset}", "", about, "", *table(found, "fingerprint", _remark)]
    (results / "graph_study.md").write_text("\n".join(lines) + "\n")
    return bool(tests)


def _remark(standing: Standing) -> str:
    notes = standing.entries[0].notes
    shares = notes.get("settings", {}).get("shares")
    said = [f"shares {shares}; time without members" if shares else ""]
    said += [f"{notes['parameters'] / 1e6:.1f} M weights" if "parameters" in notes else ""]
    said += [f"chosen: {notes['chosen']}" if "chosen" in notes else ""]
    return "; ".join(filter(None, said))
