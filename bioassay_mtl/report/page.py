"""A page that stands alone: one HTML file, nothing fetched, everything given escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from markupsafe import Markup

from bioassay_mtl._version import __version__
from bioassay_mtl.report.templates import piece, rendered

_FOLDER = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Parameters
    ----------
    name
        Anchor of the section: letters and dashes.
    title
        Heading of the section.
    body
        HTML of the section.
    """

    name: str
    title: str
    body: Markup


def page(title: str, subtitle: str, lead: Markup, sections: Sequence[Section]) -> str:
    """HTML of a whole page.

    The page's content security policy lets no script run but our own, and nothing be fetched.

    Parameters
    ----------
    title, subtitle
        The heading and the line above it.
    lead
        Lead before the first section.
    sections
        Sections in order; those without a body are left out.
    """
    shown = [section for section in sections if section.body]
    script = asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = rendered(
        "page",
        title=title,
        subtitle=subtitle,
        digest=digest,
        style=Markup(asset("page.css")),
        script=Markup(script),
        lead=lead,
        sections=shown,
        version=__version__,
        date=date.today().isoformat(),
    )
    # A name that is no UTF-8 has characters that cannot be written.
    return text.encode("utf-8", "backslashreplace").decode()


def join(parts: object) -> Markup:
    """Pieces of HTML in a row; plain text among them is escaped."""
    return Markup().join(parts)  # type: ignore[arg-type]


def paragraph(text: str, kind: str = "") -> Markup:
    """A paragraph, such as a ``note``."""
    return piece("parts", "paragraph", text, kind)


def heading(text: str) -> Markup:
    """Above a part of a section."""
    return piece("parts", "heading", text)


def figure(content: Markup, caption: str | None = None) -> Markup:
    """A drawing and what it shows."""
    return piece("parts", "figure", content, caption)


def pair(figures: Sequence[Markup]) -> Markup:
    """Figures side by side where there is room."""
    return piece("parts", "pair", figures)


def key_figures(pairs: Sequence[tuple[str, str, str]]) -> Markup:
    """Large numbers: what, how much, and a remark each."""
    return piece("parts", "key_figures", pairs)


def facts(pairs: Sequence[tuple[str, object]]) -> Markup:
    """Names and values, one a line."""
    return piece("parts", "facts", pairs)


def folded(summary: str, content: Markup) -> Markup:
    """Block that is shown only when asked for."""
    return piece("parts", "folded", summary, content)


def preformatted(text: str) -> Markup:
    """Text whose lines stay as they are."""
    return piece("parts", "preformatted", text)


def asset(name: str) -> str:
    """Content of one of the files beside this one."""
    return (_FOLDER / name).read_text(encoding="utf-8")
