"""``bioassay-mtl plugins``: kinds that installed packages bring."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bioassay_mtl.cli.terminal import say

if TYPE_CHECKING:
    from bioassay_mtl.plugins import Plugin
    from bioassay_mtl.registry import Registry


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the kinds that other packages bring (experts, gates, losses, ...), and try each.

    Example:  bioassay-mtl plugins
    """
    from bioassay_mtl.plugins import installed

    rows = [
        {**vars(plugin), "fault": _fault(registry, plugin)}
        for group, registry in sorted(registries().items())
        for plugin in installed(group)
    ]
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
        say("no package brings any")


def _fault(registry: Registry[Any], plugin: Plugin) -> str:
    """Reason why a plug-in cannot be used; empty if it can."""
    from bioassay_mtl.errors import PluginError

    if faults := [each for each in registry.faults() if str(plugin) in each]:
        return faults[0]
    try:
        registry.known(plugin.name)
    except PluginError as error:
        return str(error)
    return ""


def registries() -> dict[str, Registry[Any]]:
    """All that can be added to, by their group of entry points."""
    from bioassay_mtl.registry import open_registries

    for name in ("metrics", "nn.architectures.mmoeex", "training.config"):
        import_module(f"bioassay_mtl.{name}")
    return open_registries
