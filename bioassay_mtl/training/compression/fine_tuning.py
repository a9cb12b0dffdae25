"""Learning through the rounding: numbers move from level to level, and levels with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils import parametrize

from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import scaled
from bioassay_mtl.nn.coding import CodedArray, Rounded
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.checkpoint import Best
from bioassay_mtl.training.fit import standardized_of
from bioassay_mtl.training.module import TrainingModule
from bioassay_mtl.training.place import Place
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.steps import Steps

Levels = Mapping[str, NDArray[np.float32]]


def fine_tuned(model: Model, levels: Levels, session: Session | None) -> tuple[CodedArray, ...]:
    """The learned numbers of a model as symbols, after some epochs of its own training.

    Parameters
    ----------
    model
        Model whose network is changed.
    levels
        Levels to begin with, by the names of the numbers.
    session
        Session with the data that the model learned from and the settings of the epochs; None to
        round and no more.
    """
    network: Any = model.network
    if session is None:
        state = network.state_dict()
        return tuple(
            CodedArray.of(name, _array(state[name]), held) for name, held in levels.items()
        )
    network.requires_grad_(True)
    places = {name: _place(network, name) for name in levels}
    for name, held in levels.items():
        parametrize.register_parametrization(*places[name], Rounded(held))
    _train(model, session)
    found = []
    for name, (module, attribute) in places.items():
        rounding = module.parametrizations[attribute]
        values, held = _array(rounding.original), np.sort(_array(rounding[0].levels))
        found.append(CodedArray.of(name, values, held))
        parametrize.remove_parametrizations(module, attribute)
    network.requires_grad_(False)
    return tuple(found)


def _train(model: Model, session: Session) -> None:
    device, parts = torch.device("cpu"), session.parts
    blocks = scaled(session.features.blocks, model.scalings)
    _, cells = standardized_of(session)
    module = TrainingModule(
        model.network,
        session.config,
        ResidentData(blocks, cells, device, session.panel.kinds),
        torch.from_numpy(parts.train),
        torch.from_numpy(parts.valid),
        session.panel.tasks,
        started=True,
    )
    best, steps = Best.of(module), Steps(module, Place("cpu"))
    while not best.ends(module):
        steps.epoch()
        best.judge(module)
    with torch.no_grad():
        torch._foreach_copy_(list(module.network.parameters()), best.weights)
    module.network.eval()


def _place(network: nn.Module, name: str) -> tuple[Any, str]:
    path, _, attribute = name.rpartition(".")
    return network.get_submodule(path), attribute


def _array(values: torch.Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = values.detach().cpu().numpy()
    return found
