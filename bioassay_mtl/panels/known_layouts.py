"""The registry of layouts, by whose names a schema asks for one."""

from __future__ import annotations

from typing import Any

from bioassay_mtl.registry import Registry

_HERE = "bioassay_mtl.panels.layouts"
layouts: Registry[Any] = Registry(
    "layout",
    homes={
        "bindingdb": f"{_HERE}.by_target",
        "chembl": f"{_HERE}.chembl",
        "long": f"{_HERE}.long",
        "pubchem": f"{_HERE}.pubchem",
        "targets": f"{_HERE}.by_target",
        "wide": f"{_HERE}.wide",
    },
)
"""Each a :class:`~bioassay_mtl.panels.parts.Layout`."""
