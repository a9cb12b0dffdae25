"""Models as files of other runtimes, which need none of this package. A new one is a new file, and
its line in the registry of :mod:`~bioassay_mtl.models.export.base`."""

from bioassay_mtl.models.export.base import Export, export, exporters
from bioassay_mtl.models.export.exported import ExportedModel, RawInput, feed, raw_inputs

__all__ = [
    "Export",
    "ExportedModel",
    "RawInput",
    "export",
    "exporters",
    "feed",
    "raw_inputs",
]
