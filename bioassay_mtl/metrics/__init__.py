"""Metrics over measured cells, per assay and over assays."""

from bioassay_mtl.metrics.average_precision import average_precision, macro_average_precision
from bioassay_mtl.metrics.bedroc import bedroc
from bioassay_mtl.metrics.brier import brier
from bioassay_mtl.metrics.calibration_error import calibration_error
from bioassay_mtl.metrics.enrichment_factor import enrichment_factor
from bioassay_mtl.metrics.evaluation import Evaluation, evaluate
from bioassay_mtl.metrics.metric import Metric, metric, metrics
from bioassay_mtl.metrics.ranking import Ranking
from bioassay_mtl.metrics.registries import kind_metrics
from bioassay_mtl.metrics.roc_auc import roc_auc

__all__ = [
    "Evaluation",
    "Metric",
    "Ranking",
    "average_precision",
    "bedroc",
    "brier",
    "calibration_error",
    "enrichment_factor",
    "evaluate",
    "kind_metrics",
    "macro_average_precision",
    "metric",
    "metrics",
    "roc_auc",
]
