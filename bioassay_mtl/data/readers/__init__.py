"""Readers of molecule files: one file per format."""

from bioassay_mtl.data.readers import parquet, sdf, smi, table  # each registers its formats
from bioassay_mtl.data.readers.base import RecordBatch, readers
from bioassay_mtl.data.readers.reading import read_records
from bioassay_mtl.data.readers.source import ReadProgress

__all__ = [
    "ReadProgress",
    "RecordBatch",
    "parquet",
    "read_records",
    "readers",
    "sdf",
    "smi",
    "table",
]
