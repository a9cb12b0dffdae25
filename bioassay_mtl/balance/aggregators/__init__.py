"""Balancers that aggregate the gradients of the tasks. A new kind is a new file here."""

from bioassay_mtl.balance.aggregators import (
    aligned_mtl,
    cagrad,
    dual_proj,
    fairgrad,
    graddrop,
    gradvac,
    imtl_g,
    mgda,
    nash_mtl,
    pcgrad,
    upgrad,
)
from bioassay_mtl.balance.aggregators.base import GramianAggregator, torchjd_method

__all__ = [
    "GramianAggregator",
    "aligned_mtl",
    "cagrad",
    "dual_proj",
    "fairgrad",
    "graddrop",
    "gradvac",
    "imtl_g",
    "mgda",
    "nash_mtl",
    "pcgrad",
    "torchjd_method",
    "upgrad",
]
