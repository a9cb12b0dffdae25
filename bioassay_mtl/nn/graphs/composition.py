"""Composition of a graph, for a linear map: which atoms and bonds a molecule is made of."""

from __future__ import annotations

import torch
from torch import Tensor

from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.nn.graphs.input import GraphInput


def n_columns(size: GraphSize) -> int:
    """Number of columns of :func:`composition`."""
    return sum(size.atom_widths) + size.n_reals + sum(size.bond_widths)


def composition(graph: GraphInput) -> Tensor:
    """Means over the atoms of each molecule, ``(B, n_columns) float32``; 0 without atoms.

    Means of one-hot codes, of real columns, and of sums over the bonds of an atom of their one-hot
    codes. A linear map of these is an embedding of atoms and their bonds and a mean pooling: the
    smallest of graph networks, at a thousandth of the cost of one that passes messages.
    """
    atoms = graph.atoms.which @ graph.atoms.kinds
    bonds = graph.incoming @ (graph.edges.which @ graph.edges.kinds)
    vectors = torch.cat([atoms, graph.reals.to(atoms.dtype), bonds], dim=1)
    means: Tensor = graph.molecules @ vectors / graph.molecules.counts.clamp_min(1)[:, None]
    return means
