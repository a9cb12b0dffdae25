"""The page about a model: how well it predicts, where it fails, how it came about."""

from __future__ import annotations

from pathlib import Path

from bioassay_mtl.errors import counted
from bioassay_mtl.files import write_whole
from bioassay_mtl.report.certificate import certificate_section
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.experts import experts_section
from bioassay_mtl.report.folds import folds_section
from bioassay_mtl.report.kinds import Findings, kind_reports
from bioassay_mtl.report.page import join, key_figures, page, paragraph
from bioassay_mtl.report.templates import piece
from bioassay_mtl.report.training import settings_section, training_section
from bioassay_mtl.report.verdict import verdict_section, verdict_words


def model_report(evidence: Evidence) -> str:
    """HTML of a model's report: one file that stands alone.

    Parameters
    ----------
    evidence
        Predictions beside outcomes, from :func:`gather` or :func:`held_out`.
    """
    found = _findings(evidence)
    n_tasks = len(evidence.panel.tasks)
    scope = [
        ("Molecules", f"{len(evidence.panel):,}", evidence.rows),
        ("Assays", f"{n_tasks:,}", f"of the model's {len(evidence.model.tasks):,}"),
    ]
    lead = paragraph(verdict_words(evidence)) + join(paragraph(each.lead) for each in found)
    if len(found) == 1:
        lead += key_figures([*scope, *found[0].key])
    else:
        lead += key_figures(scope)
        for each in found:
            lead += piece("parts", "lead_heading", each.title) + key_figures(each.key)
    return page(
        evidence.model.name,
        f"Model report, {counted(n_tasks, 'assay')}",
        lead,
        [
            verdict_section(evidence),
            *(section for each in found for section in each.sections),
            folds_section(evidence.model),
            certificate_section(evidence.model),
            experts_section(evidence),
            training_section(evidence.model),
            settings_section(evidence),
        ],
    )


def write_model_report(evidence: Evidence, path: str | Path) -> Path:
    """Write :func:`model_report` to a file."""
    path = Path(path)
    write_whole(path, model_report(evidence))
    return path


def _findings(evidence: Evidence) -> list[Findings]:
    """Findings of each kind's report on its tasks."""
    kinds = dict.fromkeys(kind.kind for kind in evidence.panel.kinds)
    return [kind_reports[kind](evidence.of_kind(kind)) for kind in kinds]
