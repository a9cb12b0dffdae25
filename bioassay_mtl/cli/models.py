"""``bioassay-mtl models``: the models that ship with the package."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the shipped models.

    Example:  bioassay-mtl models
    """
    from bioassay_mtl.errors import counted
    from bioassay_mtl.models.folder import read_config
    from bioassay_mtl.models.shipped import DEFAULT, find_model, names

    configs = {name: read_config(find_model(name)) for name in names()}
    rows = [
        {
            "name": name,
            "default": name == DEFAULT,
            "assays": len(config["tasks"]),
            "network": config["network"]["kind"],
            "megabytes": round(
                sum(f.stat().st_size for f in find_model(name).iterdir() if f.is_file()) / 1e6, 1
            ),
        }
        for name, config in configs.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(
            f"{row['name']}{' (default)' if row['default'] else ''}: "
            f"{counted(row['assays'], 'assay')}, {row['network']}, {row['megabytes']} MB"
        )
