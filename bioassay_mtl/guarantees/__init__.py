"""Upper bounds of how often a model errs on molecules that it has not seen, without a test set."""

from bioassay_mtl.guarantees.bounds import (
    Rates,
    balanced_bound,
    error_bound,
    new_assay_bound,
    weighted_bound,
)
from bioassay_mtl.guarantees.complexity import complexity, delimited_bits
from bioassay_mtl.guarantees.kl import binary_kl, kl_inverse

__all__ = [
    "Rates",
    "balanced_bound",
    "binary_kl",
    "complexity",
    "delimited_bits",
    "error_bound",
    "kl_inverse",
    "new_assay_bound",
    "weighted_bound",
]
