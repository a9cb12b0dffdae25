"""Output formats; importing this package registers them."""

from bioassay_mtl.screening.writers import delimited, excel, jsonl, parquet, sdf
from bioassay_mtl.screening.writers.base import Format, Layout, Writer, choose_format, formats

__all__ = [
    "Format",
    "Layout",
    "Writer",
    "choose_format",
    "delimited",
    "excel",
    "formats",
    "jsonl",
    "parquet",
    "sdf",
]
