"""What a step costs with shared modules, beside one without."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from benchmarks.harness.study import report
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.fit import run_of
from bioassay_mtl.training.place import Place
from bioassay_mtl.training.together.fit import sessions_of, settled_sessions
from bioassay_mtl.training.together.run import Panels
from bioassay_mtl.training.together.settings import TogetherConfig

N_ROWS, N_BITS, BATCH, REPEATS = 2048, 2048, 512, 4


def panels() -> dict[str, tuple[Panel, dict[str, Any]]]:
    """Two panels of random bits and outcomes, two experts of three layers of 256 units each."""
    draws = np.random.default_rng(0)
    expert = {"inputs": ["morgan"], "n": 2, "width": 256, "depth": 3}
    settings = {
        "fingerprints": {"morgan": {"kind": "morgan", "n_bits": N_BITS}},
        "network": {"experts": [expert]},
        "split": {"kind": "random", "fractions": (1.0, 0.0, 0.0)},
        "batch_size": BATCH,
        "device": "cpu",
        "loggers": [],
    }
    found = {}
    for name in ("one", "other"):
        bits = (draws.random((N_ROWS, N_BITS)) < 0.025).astype(np.uint8)
        labels = draws.integers(0, 2, (N_ROWS, 8))
        found[name] = (Panel.from_arrays(bits, labels, [str(n) for n in range(8)]), settings)
    return found


def milliseconds(sharing: dict[str, Any]) -> tuple[float, float]:
    """Median processor time of a step, and megabytes of what is learned with its optimizer."""
    config = TogetherConfig.of({"sharing": sharing, "apart": False, "alternation": "equal"})
    settled = settled_sessions(panels(), config)
    sessions, _ = sessions_of(settled, config)
    runs = {name: run_of(each, {}) for name, each in sessions.items()}
    settings = {name: each.config for name, each in settled.items()}
    learning = Panels(runs, config, Place("cpu"), settings)
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        learning.round([*learning.modules])
        times.append((time.process_time() - start) / sum(learning.steps_of.values()))
    learned = [
        p for m in learning.modules.values() for g in m.optimizer.param_groups for p in g["params"]
    ]
    pool = [tensor for _, tensor in learning.shares.tensors() if tensor.is_floating_point()]
    n_bytes = sum(3 * p.nbytes for p in learned) + sum(tensor.nbytes for tensor in pool)
    return 1000 * float(np.median(times)), n_bytes / 1e6


def show_cost() -> None:
    """Print the cost of none, and of modules with 1 and 4 contexts."""
    torch.set_num_threads(1)
    plain, _ = base = milliseconds({"kind": "none"})
    cases = {"none": base}
    for contexts in (1, 4):
        cases[f"muir, {contexts} contexts"] = milliseconds({"kind": "muir", "contexts": contexts})
    for case, (time_of_step, size) in cases.items():
        report(f"cost {case}", "step", time_of_step, "ms")
        report(f"cost {case}", "beside none", time_of_step / plain, "1")
        report(f"cost {case}", "learned, with optimizer", size, "MB")
