"""Bounds of a model's errors on molecules that it has not seen, for a report."""

from __future__ import annotations

from markupsafe import Markup

from bioassay_mtl.models.certificate_file import NAME, Certificate
from bioassay_mtl.models.model import Model
from bioassay_mtl.report.page import Section, facts, join, page, paragraph

TITLE = "Guarantee"


def certificate_section(model: Model) -> Section:
    """Empty for models that were not certified."""
    found: Certificate | None = model.beside.get(NAME)
    return Section("guarantee", TITLE, Markup() if found is None else _body(found))


def certificate_report(name: str, found: Certificate) -> str:
    """HTML of a certificate of a model of that name: one file that stands alone."""
    return page(name, TITLE, _body(found), [])


def _body(found: Certificate) -> Markup:
    rates = facts(
        [
            (each.name, said(each.rates.bound, each.rates.seen, each.held_out))
            for each in found.statements
        ]
    )
    meanings = facts([(each.name, each.meaning) for each in found.statements])
    content = [paragraph(found.promise), rates, meanings, paragraph(found.price)]
    return join(content)


def said(bound: float, seen: float, held_out: float | None) -> str:
    """A bound, and what was seen."""
    more = "" if held_out is None else f", {held_out:.3f} on held-out molecules"
    use = "" if bound < 0.5 else " (says nothing: no better than a coin)"
    return f"at most {bound:.3f}{use}; {seen:.3f} seen{more}"
