"""The largest memory of a piece of work."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


@dataclass
class Peak:
    """Filled when the work ends.

    Attributes
    ----------
    megabytes : float or None
        On CUDA, all that tensors held; on a CPU, how far the resident size rose above its start.
        None where the system does not tell.
    """

    megabytes: float | None = None


@contextmanager
def measured_peak(cuda: bool) -> Iterator[Peak]:
    """Measure what runs inside."""
    import torch

    peak = Peak()
    gc.collect()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
        yield peak
        peak.megabytes = torch.cuda.max_memory_allocated() / 2**20
        return
    try:
        # What earlier work has freed would count as if this work used it.
        ctypes.CDLL(None).malloc_trim(0)
        CLEAR.write_text("5")  # resets the peak to the present size
        start = _kilobytes("VmRSS")
    except (OSError, AttributeError, TypeError):
        yield peak
        return
    yield peak
    peak.megabytes = (_kilobytes("VmHWM") - start) / 2**10


def _kilobytes(key: str) -> int:
    return next(
        int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(key)
    )
