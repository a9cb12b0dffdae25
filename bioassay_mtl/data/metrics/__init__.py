"""Metrics over measured cells, per assay and over assays."""

from bioassay_mtl.data.metrics.average_precision import average_precision, macro_average_precision
from bioassay_mtl.data.metrics.bedroc import bedroc
from bioassay_mtl.data.metrics.brier import brier
from bioassay_mtl.data.metrics.calibration_error import calibration_error
from bioassay_mtl.data.metrics.enrichment_factor import enrichment_factor
from bioassay_mtl.data.metrics.evaluation import Evaluation, evaluate
from bioassay_mtl.data.metrics.metric import Metric, metric, metrics
from bioassay_mtl.data.metrics.ranking import Ranking
from bioassay_mtl.data.metrics.registries import kind_metrics
from bioassay_mtl.data.metrics.roc_auc import roc_auc

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
