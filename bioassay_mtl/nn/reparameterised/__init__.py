"""Modular universal reparameterisation: weights of many networks made of shared modules."""

from bioassay_mtl.nn.reparameterised.attached import Reparameterised
from bioassay_mtl.nn.reparameterised.blocks import Blocks
from bioassay_mtl.nn.reparameterised.hypermodules import Hypermodules
from bioassay_mtl.nn.reparameterised.search import AlignmentSearch
from bioassay_mtl.nn.reparameterised.settings import ModuleConfig

__all__ = ["AlignmentSearch", "Blocks", "Hypermodules", "ModuleConfig", "Reparameterised"]
