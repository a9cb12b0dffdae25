"""From a network's outputs to predictions, for each kind of task. A new kind is a new file here."""

from bioassay_mtl.nn.heads import binary, multiclass, ordinal, value
from bioassay_mtl.nn.heads.base import Head, heads

__all__ = ["Head", "binary", "heads", "multiclass", "ordinal", "value"]
