"""Molecular graphs: categorical codes of atoms and bonds, in flat arrays."""

from bioassay_mtl.chem.graphs.block import GraphBatch, GraphBlock
from bioassay_mtl.chem.graphs.chemprop import CHEMPROP
from bioassay_mtl.chem.graphs.codes import CodeSet, Column, code_sets
from bioassay_mtl.chem.graphs.kind import MolecularGraph
from bioassay_mtl.chem.graphs.ogb import OGB
from bioassay_mtl.chem.graphs.store import load_graphs, save_graphs

__all__ = [
    "CHEMPROP",
    "OGB",
    "CodeSet",
    "Column",
    "GraphBatch",
    "GraphBlock",
    "MolecularGraph",
    "code_sets",
    "load_graphs",
    "save_graphs",
]
