"""Beginning of learning: afresh, from a whole model, or from the experts of one."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioassay_mtl.adapters.arrays import INPUT, DataError
from bioassay_mtl.adapters.deepchem.learner import Learner
from bioassay_mtl.adapters.deepchem.material import Material
from bioassay_mtl.adapters.deepchem.settings import Settings
from bioassay_mtl.balance import build_balancer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.domain import Domain
from bioassay_mtl.models.domain import NAME as DOMAIN
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import FeatureScaler, fit_scalings
from bioassay_mtl.nn import build_network
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.card import model_card
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.domain import domain_of
from bioassay_mtl.training.fit import (
    device_of,
    label_counts,
    standardized,
    training_molecules,
)
from bioassay_mtl.training.module import start_at_base_rates
from bioassay_mtl.training.objective import build_objective
from bioassay_mtl.training.start import start_without_absent_columns
from bioassay_mtl.training.warm_start import WarmStart, sha256_of, start_of

EXPERTS = "groups."
"""Beginning of the names of the experts' weights."""


_OF_ROWS: tuple[str, ...] = ("panel_sha256", "rows", "rows_left_out")


@dataclass(frozen=True)
class Origin:
    """Source of a model's first weights.

    Parameters
    ----------
    model
        A trained model.
    whole
        Whether all of it, or its experts alone.
    """

    model: Model
    whole: bool = True


def config_for(
    panel: Panel, recipe: dict[str, Any] | None, settings: Settings, origin: Origin | None
) -> tuple[TrainingConfig, str]:
    """All settings of a training that begins with a panel, and what was chosen for it.

    Parameters
    ----------
    panel
        The rows it begins with.
    recipe
        Settings of the input that holds an array; None for SMILES.
    settings
        Settings that were asked for.
    origin
        Source of the weights; None to draw them.

    Raises
    ------
    DataError
        Fingerprints are asked for, and `X` is an array.
    ConfigError
        Settings do not fit the rows, or the model.
    """
    given = dict(settings.config)
    if recipe is not None:
        if "fingerprints" in given:
            raise DataError("fingerprints are made of SMILES, found features")
        given["fingerprints"] = {INPUT: recipe}
    if origin is not None:
        given.pop("start_from", None)  # it began so, or begins otherwise
    start = origin.model if origin else None
    config, chosen = settled(TrainingConfig.of(given), panel, start=start)
    config = config.model_copy(update={"network": settings.network(config.network)})
    return config, chosen


def begun(
    material: Material,
    config: TrainingConfig,
    chosen: str,
    settings: Settings,
    origin: Origin | None,
) -> Learner:
    """A learner. What is known from these rows alone is how columns are scaled, the units of
    values and base rates, as far as no model brings them.

    Raises
    ------
    ConfigError
        The model that brings all weights has other tasks or settings.
    """
    panel, is_whole = material.panel, origin is not None and origin.whole
    start = _start(origin, config, panel)
    with Draws(config.seed).used():
        sizes = config.featurizer().input_sizes
        network = build_network(config.network, sizes, panel.tasks, panel.kinds)
    start_without_absent_columns(network, material.features.blocks, material.usable)
    network.load_state_dict({**network.state_dict(), **(start.weights if start else {})})
    network.to(device_of(config))
    model = Model(
        network=copy.deepcopy(network),
        network_config=config.network,
        featurizer=config.featurizer(),
        tasks=panel.tasks,
        label_counts=origin.model.label_counts if origin and origin.whole else {},
        kinds=panel.kinds,
        target_scaler=_target_scaler(material, start),
        scalings=_scalings(material, start),
        training_molecules=origin.model.training_molecules if origin and origin.whole else None,
        beside={DOMAIN: known} if (known := _known_domain(origin)) is not None else {},
        training={"config": config.model_dump(mode="json"), **_record(origin)}
        | ({"start_from": start.source} if start else {})
        | ({"chosen": chosen} if chosen else {}),
    )
    cells = material.cells(model).take(material.usable)
    if not is_whole:
        start_at_base_rates(network, cells)
    learner = Learner(
        model,
        network,
        config,
        settings,
        build_objective(config, network.outputs, cells, panel.tasks, model.device),
        build_balancer(config.balance, panel.tasks).to(model.device),
    )
    learner.is_fresh = False
    return learner


def learned_from(material: Material, model: Model, *, in_part: bool = False) -> None:
    """Note in a model which rows it learns from.

    Parameters
    ----------
    material
        The rows, or the first of them.
    model
        Model; its record, counts of labels and card are changed.
    in_part
        Whether further rows come, of which nothing is noted.
    """
    domain = None if in_part else _domain(material, model)
    forget_domain(model)
    if domain is not None:
        model.beside[DOMAIN] = domain
    model.training_molecules = None if in_part else _molecules(material, model)
    rows = {"train": len(material.usable), "valid": 0, "test": 0}
    left_out = len(material.panel) - len(material.usable)
    model.label_counts = label_counts(material.panel.take(material.usable))
    model.training |= {"panel_sha256": material.panel.digest(), "rows": rows}
    model.training["rows_left_out"] = left_out
    model.metrics = {"valid": None, "test": None}
    model.card = model_card(model)
    if in_part:
        model.card += (
            "\nIt learned from batches of a generator: the counts are of the first rows.\n"
        )


def _molecules(material: Material, model: Model) -> TrainingMolecules | None:
    """Molecules of the rows and of all that it learned from before; None if not all are known."""
    none = np.zeros(0, dtype=np.int64)
    parts = Split(material.usable, none, none, len(material.panel))
    own = training_molecules(material.panel, parts, model.featurizer)
    if "panel_sha256" not in model.training:
        return own
    before = model.training_molecules
    return None if own is None or before is None else TrainingMolecules.union([before, own])


def _domain(material: Material, model: Model) -> Domain | None:
    """Domain of the rows, and of all that it learned from before, as ``train`` keeps it.

    None where there are no structures: of features alone nobody can say which molecule is near.
    """
    config = TrainingConfig.of(model.training["config"])
    own = domain_of(material.panel, material.features, material.usable, config)
    if "panel_sha256" not in model.training:
        return own
    before = model.beside.get(DOMAIN)
    return None if own is None or before is None else Domain.union([before, own])


def forget_domain(model: Model) -> None:
    """Take from a model what it knows of its training molecules, which are no longer all."""
    model.beside.pop(DOMAIN, None)


def _start(origin: Origin | None, config: TrainingConfig, panel: Panel) -> WarmStart | None:
    if origin is None or origin.whole:
        return start_of(config, panel, origin.model if origin else None)
    weights = origin.model.network.state_dict()
    experts = {name: weight for name, weight in weights.items() if name.startswith(EXPERTS)}
    return WarmStart(origin.model.name, sha256_of(experts), experts, origin.model.scalings)


def _known_domain(origin: Origin | None) -> Domain | None:
    return origin.model.beside.get(DOMAIN) if origin and origin.whole else None


def _record(origin: Origin | None) -> dict[str, Any]:
    """Record of the rows that brought a model where it is."""
    known = origin.model.training if origin and origin.whole else {}
    found = {name: known[name] for name in _OF_ROWS if name in known}
    found["history"] = list(known.get("history", ()))
    return found


def _target_scaler(material: Material, start: WarmStart | None) -> TargetScaler | None:
    return standardized(material.panel, material.usable, start)[0]


def _scalings(material: Material, start: WarmStart | None) -> dict[str, FeatureScaler]:
    fitted = fit_scalings(material.features.blocks, material.usable)
    return fitted | dict(start.scalings if start else {})
