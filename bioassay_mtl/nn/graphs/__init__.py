"""Molecular graphs as networks read them."""

from bioassay_mtl.nn.graphs.composition import composition, n_columns
from bioassay_mtl.nn.graphs.environments import Environments
from bioassay_mtl.nn.graphs.incidence import Incidence
from bioassay_mtl.nn.graphs.input import Codes, GraphInput

__all__ = ["Codes", "Environments", "GraphInput", "Incidence", "composition", "n_columns"]
