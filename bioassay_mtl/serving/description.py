"""The OpenAPI description as a page for people, which fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bioassay_mtl.report.templates import rendered


def description(schema: dict[str, Any]) -> str:
    """HTML of a schema.

    Parameters
    ----------
    schema
        Schema of OpenAPI.
    """
    shapes = schema.get("components", {}).get("schemas", {})
    return str(
        rendered(
            "http",
            title=schema["info"]["title"],
            version=schema["info"]["version"],
            description=schema["info"].get("description", ""),
            paths=list(_paths(schema["paths"])),
            shapes=[(name, json.dumps(shape, indent=1)) for name, shape in shapes.items()],
        )
    )


def _paths(paths: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in paths.items():
        for method, about in methods.items():
            fields = [
                (each["name"], each.get("description", "")) for each in about.get("parameters", ())
            ]
            yield {
                "method": method.upper(),
                "path": path,
                "summary": about["summary"],
                "fields": fields,
                "shapes": _shapes(about),
            }


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
