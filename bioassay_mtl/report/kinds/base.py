"""The contract of a kind's part of a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bioassay_mtl.registry import Registry
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.page import Section


@dataclass(frozen=True)
class Findings:
    """Findings on all tasks of a kind.

    Parameters
    ----------
    title
        Title of these tasks.
    lead
        A sentence or two that a chemist understands.
    key
        Large numbers: what, how much, a remark.
    sections
        Sections, in order.
    """

    title: str
    lead: str
    key: list[tuple[str, str, str]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


kind_reports: Registry[Callable[[Evidence], Findings]] = Registry("kind's report")
"""Sections by the name of a task type: made of the evidence of tasks of that kind alone."""
