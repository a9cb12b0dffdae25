"""Screens on a cluster, by Ray Data, and trainings. Needs the ``ray`` extra.

CPU tasks featurize, actors predict and write: one for every GPU, or for every eight cores.
"""

from bioassay_mtl.adapters.ray.datasets import predict
from bioassay_mtl.adapters.ray.engine import screen
from bioassay_mtl.adapters.ray.training import jobs

__all__ = ["jobs", "predict", "screen"]
