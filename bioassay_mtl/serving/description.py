"""The OpenAPI description as a page for people, which fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

_PAGE = Markup(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}: HTTP interface</title>
<link rel="stylesheet" href="/assets/report.css">
<link rel="stylesheet" href="/assets/serve.css">
</head>
<body>
<header><p class="kicker"><a href="/">{title} {version}</a></p><h1>HTTP interface</h1></header>
<main>
<p>{description} The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
{paths}
<section><h2>Shapes</h2>{shapes}</section>
</main>
</body>
</html>
"""
)
_PATH = Markup("<section><h2><code>{} {}</code></h2><p>{}</p>{}<p>{}</p></section>\n")
_FIELDS = Markup('<dl class="facts">{}</dl>')
_FIELD = Markup("<div><dt><code>{}</code></dt><dd>{}</dd></div>")
_SHAPE = Markup(
    '<details><summary>{}</summary><pre tabindex="0" role="region" aria-label="{}">{}</pre>'
    "</details>"
)


def description(schema: dict[str, Any]) -> str:
    """HTML of a schema.

    Parameters
    ----------
    schema
        As OpenAPI has it.
    """
    shapes = schema.get("components", {}).get("schemas", {})
    return str(
        _PAGE.format(
            title=schema["info"]["title"],
            version=schema["info"]["version"],
            description=schema["info"].get("description", ""),
            paths=Markup().join(_paths(schema["paths"])),
            shapes=Markup().join(
                _SHAPE.format(name, name, json.dumps(shape, indent=1))
                for name, shape in shapes.items()
            ),
        )
    )


def _paths(paths: dict[str, Any]) -> Iterator[Markup]:
    for path, methods in paths.items():
        for method, about in methods.items():
            fields = [
                _FIELD.format(each["name"], each.get("description", ""))
                for each in about.get("parameters", ())
            ]
            listed = _FIELDS.format(Markup().join(fields)) if fields else ""
            yield _PATH.format(method.upper(), path, about["summary"], listed, _shapes(about))


def _shapes(about: dict[str, Any]) -> str:
    body, answer = about.get("requestBody", {}), about["responses"].get("200", {})
    said = [("Takes", _shape(body)), ("Answers with", _shape(answer))]
    return " ".join(f"{verb} {shape}." for verb, shape in said if shape)


def _shape(part: dict[str, Any]) -> str:
    for kind, content in part.get("content", {}).items():
        reference = content.get("schema", {}).get("$ref", "")
        named = reference.rpartition("/")[2] or part.get("description", "")
        return kind if named in ("", "Successful Response") else str(named).rstrip(".")
    return ""
