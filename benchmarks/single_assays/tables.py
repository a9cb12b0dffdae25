"""Moved to :mod:`benchmarks.harness.assay_tables`."""

from benchmarks.harness.assay_tables import ALL, Table, tables

__all__ = ["ALL", "Table", "tables"]
