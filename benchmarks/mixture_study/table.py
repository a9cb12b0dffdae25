"""The tables of the study, from its result files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.mixture_study.cases import MODELS
from benchmarks.rivals.evaluation import NAMES
from benchmarks.rivals.ledger import Entry, Ledger


def write_tables(results: Path) -> None:
    """Write ``mixture_study.md`` beside the result files."""
    lines = [
        "# Does the mixture win?",
        "",
        "Made by `python -m benchmarks.mixture_study --protocol A` (`B-random`, `B-scaffold`);",
        "every piece of work, with its settings, is a line of `mixture_study-*.jsonl`. Macro means",
        "over assays with an active and an inactive; unmeasured cells count nowhere. Models of one",
        "protocol have the same inputs, about the same number of parameters, and were given the",
        "same twelve trials each. Validation rows are cut from the training rows.",
    ]
    for protocol in NAMES:
        file = results / f"mixture_study-{protocol}.jsonl"
        if file.is_file():
            lines += ["", f"## {protocol}", "", *_protocol(list(Ledger(file).entries.values()))]
    (results / "mixture_study.md").write_text("\n".join(lines) + "\n")


def _protocol(entries: list[Entry]) -> list[str]:
    lines = [
        "| model | parameters | validation AP, seeds 0, 1, 2 | mean | AUC | test AP | test AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    for model in MODELS:
        valid, test = (_of(entries, stage, model) for stage in ("seeds", "test"))
        if not valid and not test:
            continue
        size = (valid or test)[0].notes["parameters"]
        each = ", ".join(f"{np.mean(e.ap):.4f}" for e in sorted(valid, key=lambda e: e.seed))
        lines.append(
            f"| {model} | {size / 1e6:.2f} M | {each} | {_means(valid)} | {_means(test)} |"
        )
    ablation = {e.rival: None for e in entries if e.stage == "ablation"}
    if ablation:
        lines += [
            "",
            "One change at a time to the chosen MMoEEx, validation rows, mean over the seeds run "
            "(differences under 0.005 AP are noise):",
            "",
            "| change | parameters | seeds | AP | AUC |",
            "|---|---|---|---|---|",
        ]
        for case in ablation:
            done = _of(entries, "ablation", case)
            size = done[0].notes["parameters"] / 1e6
            lines.append(f"| {case} | {size:.2f} M | {len(done)} | {_means(done)} |")
    trials = [e for e in entries if e.stage == "tune"]
    if trials:
        lines += ["", "Trials (seed 0, validation AP), best first:", ""]
        for model in MODELS:
            mine = [e for e in trials if e.rival.startswith(model + ":")]
            mine.sort(key=lambda e: -float(np.mean(e.ap)))
            each = "; ".join(f"{np.mean(e.ap):.4f} ({e.rival.split(': ')[1]})" for e in mine)
            lines.append(f"- {model}: {each}")
    return lines


def _of(entries: Iterable[Entry], stage: str, case: str) -> list[Entry]:
    return [e for e in entries if e.stage == stage and e.rival == case]


def _means(entries: list[Entry]) -> str:
    if not entries:
        return "– | –"
    return f"{np.mean([e.ap for e in entries]):.4f} | {np.mean([e.auc for e in entries]):.4f}"
