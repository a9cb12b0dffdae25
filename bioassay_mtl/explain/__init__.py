"""Reasons for predictions: the share of each atom, for each expert and for all."""

from __future__ import annotations

from bioassay_mtl.explain.explanation import Explanation, Share, explain_features

__all__ = ["Explanation", "Share", "explain_features"]
