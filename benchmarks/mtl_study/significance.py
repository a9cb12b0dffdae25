"""Moved to :mod:`benchmarks.harness.statistics`."""

from benchmarks.harness.statistics import holm

__all__ = ["holm"]
