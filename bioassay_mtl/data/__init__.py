"""Panels of assays, their splits, their metrics, and where public ones come from."""

from bioassay_mtl.data.panel import NOT_MEASURED, Panel
from bioassay_mtl.data.splits import Split, SplitConfig, split

__all__ = ["NOT_MEASURED", "Panel", "Split", "SplitConfig", "split"]
