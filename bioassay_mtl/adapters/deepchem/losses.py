"""A loss that a user gives to ``fit``, written for DeepChem's own networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.balance import Batch
from bioassay_mtl.models.model import Model

LossFunction = Callable[[list[Tensor], list[Tensor], list[Tensor]], Tensor]


def of_function(function: LossFunction, model: Model) -> Callable[[Any, Batch], Tensor]:
    """The loss ``function(outputs, labels, weights)`` of a network on a batch.

    Each list holds one tensor, of the same shapes as for DeepChem's own networks. Outputs of
    classes are ``(B, T, classes)`` logits, their labels are one-hot; values are ``(B, T, 1)`` in
    the units of the dataset, their labels ``(B, T)``. Weights are ``(B, T)``, 0 where not measured.
    """

    def loss(network: Any, batch: Batch) -> Tensor:
        targets, mask = batch.labels[:2]
        outputs = network(batch.inputs).float()
        labels = targets.nan_to_num()
        if model.kinds[0].is_value:
            outputs, labels = _in_units(model, outputs), _in_units(model, labels)
            outputs = outputs[:, :, None]
        else:
            outputs = _logits(outputs, len(model.tasks))
            labels = torch.where(mask > 0, labels, 0).long()
            labels = torch.nn.functional.one_hot(labels, outputs.shape[2]).float()
        found: Tensor = function([outputs], [labels], [mask.float()])
        return found

    return loss


def _logits(outputs: Tensor, n_tasks: int) -> Tensor:
    """``(B, T, classes)``; that of being inactive is 0."""
    if outputs.shape[1] == n_tasks:
        return torch.stack([torch.zeros_like(outputs), outputs], dim=2)
    logits: Tensor = outputs.unflatten(1, (n_tasks, -1))
    return logits


def _in_units(model: Model, values: Tensor) -> Tensor:
    assert model.target_scaler is not None
    center, scale = (
        torch.from_numpy(numbers).to(values)
        for numbers in (model.target_scaler.center, model.target_scaler.scale)
    )
    found: Tensor = values * scale + center
    return found
