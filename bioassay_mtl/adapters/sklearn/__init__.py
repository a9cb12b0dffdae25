"""Estimators and transformers for scikit-learn."""

from bioassay_mtl.adapters.sklearn.classifier import BioassayClassifier
from bioassay_mtl.adapters.sklearn.folds import cross_val_predict
from bioassay_mtl.adapters.sklearn.regressor import BioassayRegressor
from bioassay_mtl.adapters.sklearn.scorer import MacroScorer
from bioassay_mtl.adapters.sklearn.transformers import SmilesToDescriptors, SmilesToFingerprint

__all__ = [
    "BioassayClassifier",
    "BioassayRegressor",
    "MacroScorer",
    "SmilesToDescriptors",
    "SmilesToFingerprint",
    "cross_val_predict",
]
