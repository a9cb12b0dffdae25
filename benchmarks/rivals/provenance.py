"""Moved to :mod:`benchmarks.harness.provenance`."""

from benchmarks.harness.provenance import provenance, used_by_torch

__all__ = ["provenance", "used_by_torch"]
