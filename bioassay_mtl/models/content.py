"""All that a model is made of: its description, and its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioassay_mtl.config import Config
from bioassay_mtl.models.description import ModelDescription
from bioassay_mtl.models.scaling import FeatureScaler
from bioassay_mtl.nn.network import Network


@dataclass(kw_only=True, repr=False)
class ModelContent(ModelDescription):
    """Content of a model folder.

    Parameters
    ----------
    network
        Maps inputs to outputs ``(B, O)``, one logit for each binary task.
    network_config
        Architecture of the network.
    metrics
        Metrics that were measured, by subset and metric.
    card
        The model card, Markdown.
    scalings
        Scaling of every real-valued input, from the training rows.
    """

    network: Network
    network_config: Config
    metrics: dict[str, Any]
    card: str
    scalings: dict[str, FeatureScaler]
