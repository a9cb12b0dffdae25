"""How the site is built: `make docs`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx

about: dict[str, str] = {}
exec((Path(__file__).parents[1] / "bioassay_mtl" / "_version.py").read_text("utf-8"), about)

project = "bioassay_mtl"
author = "The bioassay_mtl developers"
release = version = about["__version__"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_mock_imports = ["deepchem", "ray", "torch_geometric"]
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "bioassay_mtl"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False


def find_elsewhere(app: Sphinx, page: str, source: list[str]) -> None:
    """Let links lead to pages of the site, where in the repository they lead to files."""
    studies = re.sub(r"\]\(\.\./benchmarks/results/(\w+\.md)", r"](studies/\1", source[0])
    source[0] = studies.replace("](../examples/plugin)", "](example_plugin.md)")


WIDE = 'style="overflow-x: auto; overflow-y: hidden; padding: 0.5em 0"'
"""An equation that a narrow screen has no room for is moved sideways."""


def inline_math(writer: Any, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block_math(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f"<div {WIDE}>{tex2mathml(node.astext(), as_block=True)}</div>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Write equations as MathML, which a browser shows without a script from elsewhere."""
    app.connect("source-read", find_elsewhere)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
