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
from bioassay_mtl.balance.aggregators.base import GramianAggregator, TorchJDAggregator

__all__ = [
    "GramianAggregator",
    "TorchJDAggregator",
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
    "upgrad",
]
