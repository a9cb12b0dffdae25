"""``compress``: a model of low dimension as seeds and a code."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.coded import code_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.coding import Code, CodedArray, learned_levels
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.compression.fine_tuning import fine_tuned
from bioassay_mtl.training.compression.own_rows import own_session
from bioassay_mtl.training.compression.thresholds import best_thresholds
from bioassay_mtl.training.evidence import give_evidence
from bioassay_mtl.training.fit import measure
from bioassay_mtl.training.session import Session

Levels = Annotated[int, Field(ge=1, le=256)]


class CompressionConfig(Config):
    """Settings of a code: how coarse it is, and how long a model learns with it.

    Parameters
    ----------
    levels
        Levels of the codebooks of the directions that tasks share, and of coordinates, one each.
    bias_levels, threshold_levels
        Levels of the codebooks of biases and of thresholds.
    epochs
        Epochs that the model goes on learning through the rounding, where its panel is given.
    rate
        Share of the run's learning rate then.
    """

    levels: Levels = 12
    bias_levels: Levels = 12
    threshold_levels: Levels = 8
    epochs: Annotated[int, Field(ge=0)] = 10
    rate: Annotated[float, Field(gt=0)] = 0.2


def compress(
    model: Model,
    config: CompressionConfig | Mapping[str, Any] | None = None,
    *,
    panel: Panel | None = None,
    out: str | Path | None = None,
    n_searched: int = 1,
    workers: int = 1,
) -> Model:
    """Code a model's learned numbers; what they are coordinates of is made from seeds.

    Parameters
    ----------
    model
        Model of the architecture ``low_dimensional``; it stays as it is.
    config
        Settings, or a mapping of them.
    panel
        Panel that the model was trained on: it goes on learning with rounded numbers, gets
        thresholds, and is measured again. None to round alone; then its metrics and its
        calibration, which are of other predictions, are left out.
    out
        Folder to write.
    n_searched
        Settings that were tried, of training and of this, before these were taken: a guarantee pays
        for them.
    workers
        Processes that featurize.

    Returns
    -------
    Model
        It knows its code (:func:`bioassay_mtl.models.coded.code_of`), and its folder, of which the
        training molecules and the evidence are left out, predicts to the bit as it does.

    Raises
    ------
    ConfigError
        The model is of another architecture, or was coded before.
    InputError
        The panel is another one.
    MissingExtraError
        The coder is not installed.
    """
    settings = CompressionConfig.of(config or {})
    _check(model, n_searched)
    session = None if panel is None else _session(own_session(model, panel, workers), settings)
    found = copy.deepcopy(model)
    found.beside.clear()
    if model.limits is not None:
        found.beside["limits"] = model.limits
    found.training_molecules, found.metrics = None, {"valid": None, "test": None}
    learns = session if settings.epochs else None
    arrays = fine_tuned(found, _levels(found, settings), learns)
    _put(found, Code(arrays))
    thresholds = _thresholds(found, session, settings)
    _put(found, Code((*arrays, thresholds)))
    found.training = model.training | {
        "compressed": settings.model_dump()
        | {"n_searched": n_searched, "tuned": learns is not None}
    }
    if session is not None:
        give_evidence(found, session)
        measure(found, session.panel, session.features, session.parts, session.about)
        for name in ("evidence", "assays"):  # large; the sheet follows from the metrics
            found.beside.pop(name, None)
    if out is not None:
        found.name = Path(out).name
        found.save(out)
    return found


def _check(model: Model, n_searched: int) -> None:
    config = model.network_config
    if not isinstance(config, LowDimensionalConfig) or config.form == "free":
        raise ConfigError(
            f"{model.name!r} is no model of low dimension, whose few numbers can be coded: train "
            "one with network.kind low_dimensional and network.form columns, product or "
            "single"
        )
    if code_of(model.network) is not None:
        raise ConfigError(
            f"{model.name!r} is coded already: compress the model that it was made of"
        )
    if n_searched < 1:
        raise ConfigError(f"n_searched: at least the one that was taken, found {n_searched}")


def _session(session: Session, settings: CompressionConfig) -> Session:
    config = session.config.model_copy(
        update={
            "epochs": max(1, settings.epochs),
            "patience": max(1, settings.epochs),
            "learning_rate": session.config.learning_rate * settings.rate,
        }
    )
    return session.with_settings(config)


def _levels(model: Model, settings: CompressionConfig) -> dict[str, Any]:
    names = [name for name in model.network.coded_names if name != "tower.threshold"]  # type: ignore[attr-defined]
    state = model.network.state_dict()
    return {
        name: learned_levels(
            state[name].cpu().numpy(),
            settings.bias_levels if name == "tower.bias" else settings.levels,
        )
        for name in names
    }


def _thresholds(model: Model, session: Session | None, settings: CompressionConfig) -> CodedArray:
    values = model.network.state_dict()["tower.threshold"].cpu().numpy()
    if session is not None and all(kind.has_actives for kind in model.kinds):
        rows = np.concatenate([session.parts.train, session.parts.valid])
        outputs = model.outputs_of(session.features.take(rows))
        values = best_thresholds(outputs, session.panel.cells.take(rows))
    return CodedArray.of(
        "tower.threshold", values, learned_levels(values, settings.threshold_levels)
    )


def _put(model: Model, code: Code) -> None:
    """Give the network the numbers that its code has for them."""
    network: Any = model.network
    state = network.state_dict()
    with torch.no_grad():
        network.load_state_dict(state | code.state(state))
    network.code = replace(code)
