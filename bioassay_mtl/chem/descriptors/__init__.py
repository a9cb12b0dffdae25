"""Real-valued features: descriptors, and what the user measured. A new kind is a new file here."""

from bioassay_mtl.chem.descriptors.block import DenseBlock
from bioassay_mtl.chem.descriptors.dense import held
from bioassay_mtl.chem.descriptors.given import GivenFeatures, UserColumns
from bioassay_mtl.chem.descriptors.rdkit_2d import RDKitDescriptors

__all__ = ["DenseBlock", "GivenFeatures", "RDKitDescriptors", "UserColumns", "held"]
