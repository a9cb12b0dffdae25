"""Which weights experts of a single assay should have: what its folds say, or what many others say.

    python -m benchmarks.single_assays.gates [--quick] [--most ROWS] [--tables NAME ...]

On the panels of ``benchmarks.single_assays`` (molecules that settings may be chosen on) the experts
that ``train`` stacks are trained once, in folds and on all rows; then every way to weigh them is
judged on the rows held out: each alone, their mean, and gates shrunk towards even weights or
towards :data:`bioassay_mtl.training.effort.EXPECTED_ALONE`. Each panel is a line of
``results/single_gates.jsonl``, and is not done again. At the end come means over panels, and
differences from even weights with their standard errors. One thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from benchmarks.harness.ledger import RESULTS, add_record, read_records
from benchmarks.harness.provenance import provenance
from benchmarks.harness.study import parser, report
from benchmarks.single_assays.panels import N_ASSAYS, Single, singles
from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.scaling import fit_scalings
from bioassay_mtl.nn.stacking import stacking_config
from bioassay_mtl.splits import Split
from bioassay_mtl.training.effort import EXPECTED_ALONE
from bioassay_mtl.training.out_of_fold import Said
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.stacked import Runs, fold_parts, named

KEPT = RESULTS / "single_gates.jsonl"
READ = ("morgan", "descriptors")
MOST, QUICK = 1_600, 2
"""Rows of a panel, and panels of ``--quick``."""
OUTCOMES, VALUES = ("average_precision", "roc_auc", "log_loss"), ("rmse", "spearman")
EVEN = "even"


def judged(single: Single) -> dict[str, list[float]]:
    """Scores on the rows held out of every way to weigh the experts, where experts are stacked."""
    n, nothing = len(single.panel), np.array([], np.int64)
    parts = Split(np.arange(n), nothing, nothing, n)
    features, held = (
        Features({name: each.blocks[name] for name in READ}, each.status)
        for each in (single.features, single.held_features)
    )
    given: dict[str, Any] = {"given_parts": parts, "given_features": features, "stacks": True}
    session = Session.of(single.panel, {"loggers": ()}, **given)
    network: Any = session.config.network
    if network.kind != "stacked":
        return {}
    splits = list(fold_parts(session, network.gate.folds))
    scalings = fit_scalings(features.blocks, parts.train)
    runs = Runs(session, None, None, scalings, len(splits))
    said = Said.of(session, splits, runs.out_of_fold(splits), runs.target_scaler, runs.cells)
    models = [runs.whole(number) for number in range(len(network.members))]
    outputs = np.stack([model.outputs_of(held)[:, 0] for model in models], axis=1)
    expected = [EXPECTED_ALONE.get(each.kind, 1.0) for each in network.members]
    found = {named(member): outputs[:, number] for number, member in enumerate(network.members)}
    for name, method in {
        "mean": "mean",
        EVEN: "penalised",
        "expected": {"kind": "penalised", "expected": expected},
    }.items():
        gates = said.stacked(stacking_config(method), 0)  # type: ignore[arg-type]
        found[name] = outputs @ gates.weights[0] + gates.bias[0]
    unit = runs.target_scaler
    if unit is not None:
        found = {name: z * unit.scale[0] + unit.center[0] for name, z in found.items()}
    return {name: scores(single, z) for name, z in found.items()}


def scores(single: Single, outputs: NDArray[np.floating]) -> list[float]:
    """Those of :data:`OUTCOMES`, or of :data:`VALUES`."""
    truth = single.held.labels[:, 0]
    if single.is_binary:
        p = np.clip(expit(outputs.astype(np.float64)), 1e-6, 1 - 1e-6)
        found = [average_precision_score(truth, p), roc_auc_score(truth, p), log_loss(truth, p)]
    else:
        apart = outputs - truth
        found = [np.sqrt(np.mean(apart**2)), spearmanr(outputs, truth).statistic]
    return [round(float(each), 4) for each in found]


def lines(tables: list[str], most: int, done: set[str]) -> Iterator[dict[str, Any]]:
    """A line for each panel that is not done."""
    for single in singles(tables, most):
        if single.name not in done and (found := judged(single)):
            kind = "outcomes" if single.is_binary else "values"
            yield {"panel": single.name, "rows": len(single.panel), "kind": kind, **found}


def summary(kept: list[dict[str, Any]]) -> None:
    """Means over panels, and differences from even weights."""
    for kind, metrics in (("outcomes", OUTCOMES), ("values", VALUES)):
        mine = [line for line in kept if line.get("kind") == kind]
        ways = [name for name, each in (mine[0] if mine else {}).items() if isinstance(each, list)]
        for way in ways:
            own, even = (np.array([line[name] for line in mine]) for name in (way, EVEN))
            for place, metric in enumerate(metrics):
                case = f"{len(mine)} panels of {kind}, {way}"
                report(case, metric, float(own[:, place].mean()), "mean")
                apart = own[:, place] - even[:, place]
                if way != EVEN and len(mine) > 1:
                    report(case, f"{metric} minus even", float(apart.mean()), "mean")
                    error = float(apart.std(ddof=1) / len(mine) ** 0.5)
                    report(case, f"{metric} minus even, error", error, "standard error")


def main() -> None:
    """Do what is missing, and print what it says."""
    options = parser(__doc__, "two small panels, kept nowhere")
    options.add_argument("--tables", nargs="+", choices=N_ASSAYS, default=[*N_ASSAYS])
    options.add_argument("--most", type=int, default=MOST)
    asked = options.parse_args()
    torch.set_num_threads(1)
    if asked.quick:
        found = lines(["tox21"], 600, set())
        summary([next(found) for _ in range(QUICK)])
        return
    kept = read_records(KEPT)
    made_with = provenance()
    for line in lines(asked.tables, asked.most, {each["panel"] for each in kept}):
        kept.append(line | {"made_with": made_with})
        add_record(KEPT, kept[-1])
    summary(kept)


if __name__ == "__main__":
    main()
