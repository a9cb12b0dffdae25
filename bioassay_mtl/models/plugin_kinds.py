"""Plug-ins that a model needs: a model folder names them, and nobody imports what it names.

``config.json`` says of each kind that is not built in which package brought it. When the folder is
read, the kind is looked up by its name among the entry points of the packages that are installed
(:mod:`bioassay_mtl.plugins`); the recorded package is there for the message alone.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.plugins import GUIDE, installed
from bioassay_mtl.registry import kinds_in, open_registries

if TYPE_CHECKING:
    from bioassay_mtl.models.content import ModelContent

logger = logging.getLogger(__name__)


class NeededKind(Config):
    """A kind of a model; without a package, the process that saved the model knew it alone."""

    group: str
    kind: str
    distribution: str | None = None
    version: str | None = None


def kinds_record(model: ModelContent) -> dict[str, list[dict[str, str]]]:
    """Record of kinds that are not built in, for ``config.json``; empty where all are."""
    settings = (model.network_config, model.featurizer.fingerprints)
    named = {(registry.group, name): registry for registry, name in kinds_in(settings)}
    needed = [
        NeededKind(
            group=group,
            kind=name,
            **{}
            if plugin is None
            else {"distribution": plugin.distribution, "version": plugin.version},
        ).model_dump(exclude_none=True)
        for (group, name), registry in named.items()
        if not registry.is_built_in(name)
        for plugin in [registry.plugin(name)]
    ]
    return {"plugins": needed} if needed else {}


def check_kinds(recorded: Any, folder: Path) -> None:
    """Make sure that the kinds which a model folder needs are installed.

    Parameters
    ----------
    recorded
        Record of :func:`kinds_record` when the model was saved.
    folder
        Folder, for messages.

    Raises
    ------
    ModelFolderError
        A kind is not installed.
    PluginError
        A kind is installed, and cannot be used.
    """
    try:
        needed = [NeededKind.of(each) for each in recorded]
    except (ConfigError, TypeError) as error:
        raise ModelFolderError(f"{folder}: its list of plug-ins cannot be read: {error}") from error
    for each in needed:
        _check(each, folder)


def _check(needed: NeededKind, folder: Path) -> None:
    # Not there yet where nothing has needed PyTorch: then names are all that can be compared.
    registry = open_registries.get(needed.group)
    names = {plugin.name for plugin in installed(needed.group)}
    is_there = registry.offers(needed.kind) if registry else needed.kind in names
    what = f"{folder}: {needed.kind!r} of {needed.group!r}"
    then = f"{needed.distribution!r} {needed.version!r}"
    if not is_there:
        if needed.distribution is None:
            raise ModelFolderError(
                f"{what} was registered by the code that saved the model, and is not known here: "
                f"import that code first, or make it a plug-in (see {GUIDE})"
            )
        raise ModelFolderError(
            f"{what} comes from the plug-in package {then}, which is not installed: install it, "
            "if you trust it, and read the model again"
        )
    if registry is None:
        return
    registry.known(needed.kind)
    now = registry.plugin(needed.kind)
    if (
        now
        and needed.distribution
        and (now.distribution, now.version)
        != (
            needed.distribution,
            needed.version,
        )
    ):
        logger.warning("%s was of %s when the model was saved, and is now the %s", what, then, now)
