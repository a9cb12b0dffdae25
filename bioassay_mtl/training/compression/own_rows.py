"""The rows that a model was trained on, found again in its panel."""

from __future__ import annotations

from bioassay_mtl.errors import InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.session import Session


def own_session(model: Model, panel: Panel, workers: int = 1) -> Session:
    """Features and parts as the model's run had them.

    Raises
    ------
    InputError
        The panel is not the one that the model was trained on.
    """
    expected, found = model.training.get("panel_sha256"), panel.digest()
    if expected != found or model.tasks != panel.tasks:
        raise InputError(
            f"the panel that {model.name!r} was trained on is expected (sha256 {expected}), found "
            f"another (sha256 {found})",
            hint="give the same table, read with the same options",
        )
    config = TrainingConfig.of({**model.training["config"], "start_from": None})
    return Session(panel, config, workers=workers)
