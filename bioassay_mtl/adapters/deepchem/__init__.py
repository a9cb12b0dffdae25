"""Drop-in parts of a DeepChem script. Needs the ``deepchem`` extra (DeepChem 2.8)."""

from bioassay_mtl.errors import MissingExtraError

try:
    import deepchem as _  # noqa: F401
except ImportError as error:
    raise MissingExtraError("deepchem", "deepchem") from error

from bioassay_mtl.adapters.deepchem.featurizer import BioassayFeaturizer
from bioassay_mtl.adapters.deepchem.metrics import MeasuredMetric
from bioassay_mtl.adapters.deepchem.model import MMoEExModel

__all__ = ["BioassayFeaturizer", "MMoEExModel", "MeasuredMetric"]
