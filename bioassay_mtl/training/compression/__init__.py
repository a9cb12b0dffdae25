"""Models of low dimension as codes of a few kilobytes."""

from bioassay_mtl.training.compression.compress import CompressionConfig, compress

__all__ = ["CompressionConfig", "compress"]
