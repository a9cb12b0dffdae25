"""Weights as symbols of small codebooks, and symbols as few bits."""

from bioassay_mtl.nn.coding.code import Code, CodedArray
from bioassay_mtl.nn.coding.quantize import Rounded, learned_levels, nearest

__all__ = ["Code", "CodedArray", "Rounded", "learned_levels", "nearest"]
