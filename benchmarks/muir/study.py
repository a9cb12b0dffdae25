"""The study: ways of sharing on mixes of real panels; what is done is kept, and not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.muir.cases import CASES, SETTINGS
from benchmarks.muir.mixes import MIXES, drawn
from bioassay_mtl.training.scratch import TOGETHER
from bioassay_mtl.training.together.fit import train_together

METRICS = ("average_precision", "roc_auc", "concordance", "spearman", "rmse")
COMPARED = ("average_precision", "concordance", "spearman")
"""Of a panel's scores the first of these that it has: more is better, and of few rows too."""
Key = tuple[str, str, int]


def run(
    mix: str,
    case: str,
    seed: int,
    *,
    most: int | None = None,
    epochs: int | None = None,
    work: Path | None = None,
) -> dict[str, Any]:
    """Train a case on a mix: scores of the test part of each panel, by assay, and what it took.

    Parameters
    ----------
    mix, case, seed
        What is run.
    most, epochs
        Of rows a panel, and of rounds: for a quick look.
    work
        Folder in which an interrupted run goes on; None for none.
    """
    chosen = {name: drawn(name, rows, seed, most) for name, rows in MIXES[mix].items()}
    rounds = {} if epochs is None else {"epochs": epochs, "patience": epochs}
    panels = {
        name: (each.panel, {**SETTINGS, "split": each.split, "seed": seed, **rounds})
        for name, each in chosen.items()
    }
    out = None if work is None else work / f"{mix}-{case}-{seed}".replace(" ", "_").replace(",", "")
    begun = out is not None and (out.with_name(out.name + ".training") / TOGETHER).exists()
    resume = begun or (out is not None and out.exists())
    start, spent = time.perf_counter(), time.process_time()
    found = train_together(
        panels, config={"sharing": CASES[case], "seed": seed}, out=out, resume=resume
    )
    modules = found.record["shared"].get("modules", {})
    return {
        "mix": mix,
        "case": case,
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_seconds": round(time.process_time() - spent, 1),
        "resumed": resume,
        "modules": {name: modules[name] for name in ("used", "of_several_panels") if modules},
        "panels": {name: _scores(model.metrics["test"]) for name, model in found.models.items()},
    }


def _scores(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Mean scores of a panel, and the one that counts of each of its assays."""
    macro = {name: metrics["macro"].get(name) for name in METRICS if name in metrics["macro"]}
    counts = next(name for name in COMPARED if name in macro)
    tasks = {each["task"]: each.get(counts) for each in metrics["tasks"]}
    return {"macro": macro, "metric": counts, "tasks": tasks}


def runs(
    mixes: Sequence[str],
    cases: Sequence[str],
    seeds: int,
    done: set[Key],
    one: Callable[..., dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """All that is not done, seed after seed, so that a part of it compares all cases."""
    for seed in range(seeds):
        for mix in mixes:
            for case in cases:
                if (mix, case, seed) not in done:
                    yield one(mix, case, seed)


def kept(path: Path) -> list[dict[str, Any]]:
    """What is done; of a line that a kill has cut off, nothing."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [each for each in map(_read, lines) if "mix" in each]


def _read(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found


def keep(path: Path, result: Mapping[str, Any]) -> None:
    """Add a line, not to one that a kill has cut off."""
    is_cut = path.exists() and not path.read_text().endswith("\n")
    with path.open("a") as file:
        file.write(("\n" if is_cut else "") + json.dumps(result) + "\n")
