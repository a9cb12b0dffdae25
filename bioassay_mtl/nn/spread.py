"""Spread of the outputs of a network's experts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.network import Network


def spread_of(network: Network, inputs: Inputs) -> Tensor:
    """``sqrt(sum_e u_eo (v_eo - m_o)^2)`` with the experts' votes v, shares u and mean vote m.

    Parameters
    ----------
    network
        Any; a member of a stacked one is an expert, whatever it is made of.
    inputs
        Inputs of B molecules.

    Returns
    -------
    ``(B, O)``, on the scale of the outputs; NaN where fewer than two experts have a share, or where
    an architecture does not say what its experts would say alone (``votes``).
    """
    if not hasattr(network, "votes"):
        outputs = network(inputs)
        return torch.full_like(outputs, torch.nan)
    votes, shares = _votes(network, inputs)
    mean = (shares * votes).sum(dim=1, keepdim=True)
    spread = (shares * (votes - mean).square()).sum(dim=1).sqrt()
    return spread.masked_fill((shares > 0).sum(dim=1) < 2, torch.nan)


def _votes(network: Any, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """``(B, E, O)`` outputs of each expert alone, and ``(B or 1, E, O)`` their shares, 1 in all."""
    votes, shares = network.votes(inputs)
    return votes.float(), shares.float()
