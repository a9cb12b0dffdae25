"""Screens as data sets of parts, which go on where they stopped, on any number of machines."""

from bioassay_mtl.screening.parts.folder import PartsFolder
from bioassay_mtl.screening.parts.merge import MergeOptions, merge
from bioassay_mtl.screening.parts.plan import PartsOptions, Shard
from bioassay_mtl.screening.parts.run import screen_parts
from bioassay_mtl.screening.parts.summary import PartsSummary

__all__ = [
    "MergeOptions",
    "PartsFolder",
    "PartsOptions",
    "PartsSummary",
    "Shard",
    "merge",
    "screen_parts",
]
