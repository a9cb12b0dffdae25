"""Threads of PyTorch: they rest while they wait for each other."""

from __future__ import annotations

import os

SPINS = "1000"
"""Rounds that a thread of GCC's OpenMP waits for the others awake, in place of some 300,000: beside
other work these take the core that the awaited one needs. 1,250 molecules on two cores: 30 and 27 s
where nothing else runs, 55 and 124 s beside two other programs (``benchmarks.train_at_once``)."""


def let_threads_rest() -> None:
    """Say so to OpenMP, which asks once, when PyTorch is loaded; unless the user has said how."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
