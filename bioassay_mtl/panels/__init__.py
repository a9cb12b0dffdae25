"""Panels: molecules and what was measured of them, read from any table that a user brings."""

from bioassay_mtl.panels.panel import NOT_MEASURED, Panel

__all__ = ["NOT_MEASURED", "Panel"]
