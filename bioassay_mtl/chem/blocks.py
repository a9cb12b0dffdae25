"""All that features of many molecules can be held in."""

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.chem.graphs import GraphBlock

Block = PackedBits | SparseCounts | GraphBlock | DenseBlock
