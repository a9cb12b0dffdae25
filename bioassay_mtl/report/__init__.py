"""Pages to read: what a model can do, and what a screen found."""

from bioassay_mtl.report.evidence import Evidence, gather, held_out
from bioassay_mtl.report.model_report import model_report, write_model_report

__all__ = ["Evidence", "gather", "held_out", "model_report", "write_model_report"]
