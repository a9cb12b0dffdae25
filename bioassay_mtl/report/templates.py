"""Templates of pages: everything given is escaped unless it is HTML already.

Files of macros, each a kind of piece; drawings (SVG) are made where their data are.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def rendered(template: str, **given: Any) -> Markup:
    """A whole template.

    Parameters
    ----------
    template
        Name of its file, less ``.html``.
    given
        Variables that it asks for, by name.
    """
    return Markup(_environment().get_template(f"{template}.html").render(given))


def piece(template: str, name: str, /, *given: Any, **named: Any) -> Markup:
    """Markup that a macro makes.

    Parameters
    ----------
    template
        Name of the file, less ``.html``.
    name
        Name of the macro.
    given, named
        Arguments of the macro.
    """
    macro = getattr(_environment().get_template(f"{template}.html").module, name)
    return Markup(macro(*given, **named))
