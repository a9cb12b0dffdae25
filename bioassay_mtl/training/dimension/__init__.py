"""Numbers that explain a panel: intrinsic dimensions of its assays, alone and together."""

from bioassay_mtl.training.dimension.measure import intrinsic_dimension
from bioassay_mtl.training.dimension.result import Curve, Dimension, Dimensions
from bioassay_mtl.training.dimension.settings import DimensionConfig

__all__ = ["Curve", "Dimension", "DimensionConfig", "Dimensions", "intrinsic_dimension"]
