"""Random expansions: from few numbers to all weights of a network, regenerated from a seed."""

from bioassay_mtl.nn.expansions.base import Expansion, expansions

__all__ = ["Expansion", "expansions"]
