"""Rows per second of a training step: MMoEEx, and a shared bottom of its size.

    python -m benchmarks.train_step [--quick]

Steps are timed in turn, round by round, on one thread (and on CUDA where there is one); the median
round counts. Real molecules (RDKit's NCI set) with random labels: time does not depend on what is
learnt. Graph experts are timed by ``benchmarks.train_step_graphs``.
"""

from __future__ import annotations

import argparse
import statistics
import sys

import torch

from benchmarks.harness import steps
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_turn, report_ratios
from bioassay_mtl.training.config import TrainingConfig


def run(asked: argparse.Namespace) -> None:
    rounds, n_steps = (2, 2) if asked.quick else (5, 6)
    for device in map(torch.device, asked.device):
        data, sizes = steps.nci_data(device)
        bottom = {"inputs": list(sizes), "width": 970, "depth": 2, "dropout": 0.4}
        shared = TrainingConfig.of({"network": {"kind": "shared_bottom", "bottom": bottom}})
        configs = {"mmoeex": TrainingConfig(), "shared_bottom of equal size": shared}
        for precision in ("float32", "bfloat16"):
            turns = {}
            for name, config in configs.items():
                module = steps.module_of(config, data, sizes)
                step = steps.step_of(module, steps.whole_batches(data))
                turns[name] = steps.timed(step, device, n_steps, precision)
            in_turn(turns, 1)  # warms up
            seconds = in_turn(turns, rounds)
            for name, times in seconds.items():
                case = f"{name}, {device.type} {precision}"
                report(case, "training_rate", steps.BATCH / statistics.median(times), "rows/s")
                report_ratios(case, "step_time_ratio_to_mmoeex", times, seconds["mmoeex"])


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "two rounds of two steps", {"--device": steps.DEVICES}))
