"""Networks: experts, gates, towers, and the models they make."""

from bioassay_mtl.nn.architectures.base import build_network, network_config, networks

__all__ = ["build_network", "network_config", "networks"]
