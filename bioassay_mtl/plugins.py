"""Kinds that other packages bring: entry points, imported when one of them is first asked for.

A name is looked up among the entry points of the packages that the user installed, and nothing else
is imported: neither a model folder nor a file of settings can choose what runs.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from bioassay_mtl.errors import PluginError

logger = logging.getLogger(__name__)

PREFIX = "bioassay_mtl."
"""Prefix of the names of all groups of entry points that are read."""

GUIDE = "docs/plugins.md"


@dataclass(frozen=True)
class Plugin:
    """One entry point of an installed package.

    Parameters
    ----------
    group, name
        ``bioassay_mtl.gates`` and the name of the kind.
    target
        Object that it points to, as ``package.module:Thing``.
    distribution, version
        The package that brings it, as pip names it.
    """

    group: str
    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return (
            f"plug-in {self.name!r} of {self.distribution} {self.version} "
            f"(entry point {self.target!r} in group {self.group!r})"
        )

    def load(self) -> Any:
        """Import what it points to.

        Raises
        ------
        PluginError
            The import fails, whatever the reason.
        """
        try:
            return EntryPoint(self.name, self.target, self.group).load()
        except (Exception, SystemExit) as error:  # another's code may raise anything
            raise PluginError(
                f"{self} cannot be imported: {type(error).__name__}: {error}"
            ) from error


def installed(group: str) -> tuple[Plugin, ...]:
    """Entry points of a group, in the order of their names; nothing is imported."""
    return tuple(plugin for plugin in _all(tuple(sys.path)) if plugin.group == group)


def forget_installed() -> None:
    """Look anew when asked next: packages may have been installed meanwhile."""
    _all.cache_clear()


@lru_cache(maxsize=1)
def _all(path: tuple[str, ...]) -> tuple[Plugin, ...]:
    try:
        found = [
            _plugin(each)
            for group, points in _by_group().items()
            if group.startswith(PREFIX)
            for each in points
            if not _is_beside_the_caller(each)
        ]
    except Exception as error:  # metadata of whatever package, written by whatever tool
        logger.warning("plug-ins cannot be looked up: %s: %s", type(error).__name__, error)
        return ()
    return tuple(sorted(found, key=lambda p: (p.group, p.name, p.distribution)))


def _by_group() -> dict[str, list[EntryPoint]]:
    points = entry_points()
    return {group: list(points.select(group=group)) for group in points.groups}


def _is_beside_the_caller(point: EntryPoint) -> bool:
    """Whether it lies in the current folder: Python may look there, but nobody installed it."""
    folder = None if point.dist is None else Path(str(point.dist.locate_file("")))
    with suppress(OSError):  # the current folder may be gone
        return folder is not None and folder.resolve() == Path.cwd().resolve()
    return False


def _plugin(point: EntryPoint) -> Plugin:
    of = point.dist
    name, version = (None, None) if of is None else (of.metadata["Name"], of.metadata["Version"])
    return Plugin(point.group, point.name, point.value, name or "an unnamed package", version or "")
