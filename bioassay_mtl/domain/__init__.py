"""Domain of a model: the training molecules near a new one, and what was measured."""

from __future__ import annotations

from bioassay_mtl.domain.domain import Domain
from bioassay_mtl.domain.fingerprints import DOMAIN_FINGERPRINT, N_BITS

__all__ = ["DOMAIN_FINGERPRINT", "N_BITS", "Domain"]
