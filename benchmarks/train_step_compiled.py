"""What `torch.compile` does to a training step.

    python -m benchmarks.train_step_compiled [--quick] [--device cuda]

Experts, gates and towers are compiled for any size of a batch; what the compiler cannot follow
stays outside: oneDNN's products, sums over neighbours, and what is made of a batch once. Told are
the seconds until the third step is done, compiling included (less where the compiler's cache on
disk is not empty), and afterwards the time of a plain step in those of a compiled one, in turn,
round by round; below 1 compiling is a loss. Needs a C++ compiler. On CUDA parts are compiled to
graphs of the device (``mode="reduce-overhead"``), one for each size of a batch.
"""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.harness.steps import BATCH, Step, module_of, nci_data, step_of, whole_batches
from benchmarks.harness.study import parser, report
from benchmarks.harness.timing import in_turn, report_ratios, seconds_of
from benchmarks.train_step_graphs import BATCHES, GRAPH, graph_config
from bioassay_mtl.nn import products
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.training.config import TrainingConfig

FIRST = 3  # at the second the compiler learns that sizes change


def main() -> None:
    """Time the default network and each kind of graph experts."""
    options = parser(__doc__, "two rounds of two steps")
    options.add_argument("--device", default="cpu")
    asked = options.parse_args()
    quick, device = asked.quick, torch.device(asked.device)
    how: dict[str, Any] = {"dynamic": True} if device.type == "cpu" else {"mode": "reduce-overhead"}
    rounds, steps = (2, 2) if quick else (7, 4)
    torch.set_num_threads(1)
    leave_outside()
    # Some layers serve several sizes and kinds; past the limit (8) they would not be compiled.
    torch._dynamo.config.recompile_limit = 64
    cases: dict[str, tuple[TrainingConfig, Any, int]] = {
        "mmoeex": (TrainingConfig(), None, BATCH),
        **{
            f"1 {kind} expert": (graph_config({"kind": kind, "n": 1}), GRAPH, BATCHES[0])
            for kind in ("dmpnn", "gine", "gatedgcn")
        },
    }
    for name, (config, prints, batch) in cases.items():
        torch.compiler.reset()
        data, sizes = nci_data(device, prints)
        modules = [module_of(config, data, sizes) for _ in range(2)]
        network = modules[1].network
        for part in (*network.groups, network.gate, network.tower):
            part.compile(**how)
        plain, compiled = (step_of(each, whole_batches(data, batch)) for each in modules)
        compare(f"{name}, batch {batch}, float32, {device.type}", plain, compiled, rounds, steps)


def leave_outside() -> None:
    """Hide from the compiler what it cannot follow."""
    disable: Any = torch.compiler.disable
    products._batched_product = disable(products._batched_product)
    for owner, name in (
        (Incidence, "__matmul__"),
        (Incidence, "largest"),
        (GraphInput, "once"),
    ):
        setattr(owner, name, disable(getattr(owner, name)))


def compare(name: str, plain: Step, compiled: Step, rounds: int, steps: int) -> None:
    """Report the time to compile and the ratio of the steps thereafter."""

    def seconds(step: Step, n: int) -> float:
        def steps_done() -> None:
            for _ in range(n):
                step()
            if torch.cuda.is_available():
                torch.cuda.synchronize()

        return seconds_of(steps_done)

    report(name, "first_steps_compiled", seconds(compiled, FIRST), "s")
    report(name, "first_steps_plain", seconds(plain, FIRST), "s")
    cases = {"plain": lambda: seconds(plain, steps), "compiled": lambda: seconds(compiled, steps)}
    turns = in_turn(cases, rounds)
    report_ratios(name, "step_rate_ratio_compiled_to_plain", turns["plain"], turns["compiled"])


if __name__ == "__main__":
    main()
