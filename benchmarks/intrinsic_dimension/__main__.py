"""Intrinsic dimension of assays alone (ID), and of assays together (AID): numbers an assay.

    python -m benchmarks.intrinsic_dimension [--quick] [--panels NAME ...] [--seeds N]
        [--out FOLDER]

``synthetic`` is a family of tasks whose dimensions are known (``family.py``); what is found must be
within a factor of 1.5. Then panels: with ``--quick`` 600 molecules of Tox21 and small networks,
else Tox21, MUV, ToxCast (its 64 assays with most actives) and the PCBA sample, whole and by random
groups of assays, with the curves of codes and a certificate of each (``study.py``). What a study
has trained is kept in its folder, and the same command goes on from there. Real data are looked for
in ``BIOASSAY_DATA``; a panel that is not there is passed over. One thread.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.intrinsic_dimension.family import Family
from benchmarks.intrinsic_dimension.panels import panels
from benchmarks.intrinsic_dimension.study import study
from benchmarks.report import report
from bioassay_mtl.errors import BioassayError
from bioassay_mtl.training.dimension import Dimension, DimensionConfig, intrinsic_dimension
from bioassay_mtl.training.dimension.search import dimension_of

RESULTS = Path(__file__).resolve().parents[1] / "results" / "intrinsic_dimension"
FACTOR = 1.5
QUICK = {
    "single": (4, 16, 64, 256),
    "coordinates": (1, 2, 4, 8),
    "ratios": (4, 16),
    "width": 16,
    "depth": 1,
    "epochs": 10,
    "batch_size": 64,
    "fingerprint": {"kind": "morgan", "n_bits": 512},
}
QUICK_ROWS = 600


def synthetic() -> None:
    """The family of known dimension."""
    family = Family(d=32, k=4, n_tasks=32)
    config = DimensionConfig(single=(8, 16, 32, 64), coordinates=(1, 2, 4, 8), ratios=(0.5, 1, 2))
    tasks = tuple(f"task {number}" for number in range(family.n_tasks))
    found = dimension_of("synthetic", tasks, family.score, config)
    show(found, "synthetic", family.aid, family.d)


def show(
    found: Dimension, case: str, aid: float | None = None, single: float | None = None
) -> None:
    """Print both dimensions, beside what is known of them."""
    for name, value, known in (("together", found.aid, aid), ("alone", found.id, single)):
        target = None if known is None else f"{known / FACTOR:.3g} to {known * FACTOR:.3g}"
        if value is not None:
            report(f"{case}, {name}", "numbers_per_task", value, "numbers", target)
        else:
            print(f"{case}, {name}: more than were tried", file=sys.stderr)


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--panels", nargs="*", choices=sorted(panels))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    synthetic()
    for name in given.panels or (["tox21"] if given.quick else panels):
        try:
            panel = panels[name]()
        except (BioassayError, OSError) as error:
            print(f"{name} is passed over: {error}", file=sys.stderr)
            continue
        if given.quick:
            rows = np.random.default_rng(0).permutation(len(panel))[:QUICK_ROWS]
            found = intrinsic_dimension(panel.take(np.sort(rows)), QUICK)
            show(found.groups[0], f"{name}, {QUICK_ROWS} molecules")
        else:
            for each in study(panel, given.out / name, given.seeds):
                show(each, f"{name}, {each.name}")


if __name__ == "__main__":
    main()
