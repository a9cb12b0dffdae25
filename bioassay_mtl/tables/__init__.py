"""Tables and molecule files: streams, records, columns, cells."""

from bioassay_mtl.tables.formats import (  # each registers its formats
    delimited,
    excel,
    parquet,
    sdf,
    smi,
)
from bioassay_mtl.tables.portion import Portion
from bioassay_mtl.tables.reading import read_records
from bioassay_mtl.tables.records import RecordBatch, TableFormat, table_formats
from bioassay_mtl.tables.stream import Held, Readable, ReadProgress

__all__ = [
    "Held",
    "Portion",
    "ReadProgress",
    "Readable",
    "RecordBatch",
    "TableFormat",
    "delimited",
    "excel",
    "parquet",
    "read_records",
    "sdf",
    "smi",
    "table_formats",
]
