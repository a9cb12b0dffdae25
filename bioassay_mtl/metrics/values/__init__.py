"""Metrics of measured values, exact and censored ones. A new one is a new file here."""

from bioassay_mtl.metrics.values import errors, spearman
from bioassay_mtl.metrics.values.concordance import concordance
from bioassay_mtl.metrics.values.measured import Values

__all__ = ["Values", "concordance", "errors", "spearman"]
