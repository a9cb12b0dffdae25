"""Modular universal reparameterization: weights of many networks made of shared modules."""

from bioassay_mtl.nn.reparameterized.attached import Reparameterized
from bioassay_mtl.nn.reparameterized.blocks import Blocks
from bioassay_mtl.nn.reparameterized.hypermodules import Hypermodules
from bioassay_mtl.nn.reparameterized.search import AlignmentSearch
from bioassay_mtl.nn.reparameterized.settings import ModuleConfig

__all__ = ["AlignmentSearch", "Blocks", "Hypermodules", "ModuleConfig", "Reparameterized"]
