"""Metrics of tasks of several classes. A new one is a new file here."""

from bioassay_mtl.metrics.classes import (
    balanced_accuracy,
    log_loss,
    one_vs_rest_auc,
    quadratic_kappa,
)
from bioassay_mtl.metrics.classes.measured import ClassCells

__all__ = ["ClassCells", "balanced_accuracy", "log_loss", "one_vs_rest_auc", "quadratic_kappa"]
