"""Sections of a report by task type. A new one is a new file here."""

from bioassay_mtl.report.kinds import binary, classes, values
from bioassay_mtl.report.kinds.base import Findings, kind_reports

__all__ = ["Findings", "binary", "classes", "kind_reports", "values"]
