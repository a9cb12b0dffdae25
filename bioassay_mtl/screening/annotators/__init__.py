"""Annotators: what a screen can tell of molecules beside predictions."""

from __future__ import annotations

from bioassay_mtl.screening.annotators.base import Annotator, Annotators, Asked, annotators

__all__ = ["Annotator", "Annotators", "Asked", "annotators"]
