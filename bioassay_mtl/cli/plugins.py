"""``bioassay-mtl plugins``: kinds that installed packages bring."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bioassay_mtl.cli.terminal import say

if TYPE_CHECKING:
    from bioassay_mtl.registry import Registry


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the kinds that other packages bring (experts, gates, losses, ...), and try each.

    Example:  bioassay-mtl plugins
    """
    from bioassay_mtl.errors import PluginError
    from bioassay_mtl.plugins import installed

    rows = []
    for group, registry in sorted(registries().items()):
        taken = registry.faults()
        for plugin in installed(group):
            fault = next((each for each in taken if str(plugin) in each), "")
            try:
                fault = fault or (registry.known(plugin.name) and "")
            except PluginError as error:
                fault = str(error)
            rows.append({**vars(plugin), "fault": fault})
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = f": cannot be used: {row['fault']}" if row["fault"] else ""
        say(
            f"{row['group'].partition('.')[2]} {row['name']}: "
            f"{row['distribution']} {row['version']}{state}",
            err=False,
        )
    if not rows:
        typer.echo("no package brings any", err=True)


def registries() -> dict[str, Registry[Any]]:
    """All that can be added to, by their group of entry points."""
    from bioassay_mtl.registry import open_registries

    for name in ("data.metrics", "nn.mmoeex", "training.config"):
        import_module(f"bioassay_mtl.{name}")
    return open_registries
