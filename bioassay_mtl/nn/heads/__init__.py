"""Predictions from the outputs of a network, for each task type. A new one is a new file here."""

from bioassay_mtl.nn.heads import binary, multiclass, ordinal, value
from bioassay_mtl.nn.heads.base import Head, heads

__all__ = ["Head", "binary", "heads", "multiclass", "ordinal", "value"]
