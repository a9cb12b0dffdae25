"""Our experts on PyTorch Geometric's batches. Needs the ``graphs`` extra for the batches only.

Graphs are as :func:`bioassay_mtl.chem.graphs.pyg.to_pyg` makes them, and as OGB's datasets hold
them: ``x`` and ``edge_attr`` are integer codes, every bond is there in both directions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.chem.graphs import MolecularGraph
from bioassay_mtl.nn.experts import group_config
from bioassay_mtl.nn.graphs import GraphInput
from bioassay_mtl.nn.graphs.input import graph_input

_NAME = "graph"


class PyGExperts(nn.Module):
    """A group of graph experts that reads a ``torch_geometric.data.Batch``.

    Parameters
    ----------
    kind
        Kind of the experts: ``gine``, ``gatedgcn`` or ``dmpnn``.
    graph
        Meaning of the codes; by default OGB's.
    settings
        Settings of the experts: ``n``, ``width``, ``hidden``, ``depth``, ``pooling``, ...

    Examples
    --------
    >>> experts = PyGExperts("gine", n=4, width=128)
    >>> for batch in torch_geometric.loader.DataLoader(dataset, 64):  # doctest: +SKIP
    ...     experts(batch).shape
    torch.Size([64, 4, 128])
    """

    def __init__(
        self, kind: str = "gine", graph: MolecularGraph | None = None, **settings: Any
    ) -> None:
        super().__init__()
        self.graph = graph or MolecularGraph(codes="ogb")
        self.config = group_config({"kind": kind, "inputs": (_NAME,), **settings})
        self.experts = self.config.build({_NAME: self.graph.input_size})

    def forward(self, batch: Any) -> Tensor:
        """``(B, n, width)``: a vector of every molecule from every expert."""
        outputs: Tensor = self.experts({_NAME: batch_input(batch, self.graph)})
        return outputs


def batch_input(batch: Any, graph: MolecularGraph) -> GraphInput:
    """Input of graph experts for a batch, where it is: on a CPU or an accelerator.

    Parameters
    ----------
    batch
        A ``torch_geometric.data.Batch`` with ``x``, ``edge_index``, ``edge_attr``, ``ptr`` and,
        where `graph` has real columns, ``reals``.
    graph
        Meaning of the codes.

    Raises
    ------
    DataError
        Columns are missing, they or the codes are others, an edge leads out of its molecule, or has
        no counterpart of the same codes.
    """
    for name in ("x", "edge_index", "edge_attr", "ptr"):
        if getattr(batch, name, None) is None:
            raise DataError(f"the batch has no {name}")
    size = graph.input_size
    for name, codes, widths in (
        ("x", batch.x, size.atom_widths),
        ("edge_attr", batch.edge_attr, size.bond_widths),
    ):
        _check_codes(name, codes, widths)
    reals = getattr(batch, "reals", None)
    if reals is None:
        reals = torch.zeros(len(batch.x), 0, device=batch.x.device)
    if reals.shape != (len(batch.x), size.n_reals):
        raise DataError(f"reals must be ({len(batch.x)}, {size.n_reals}), found {reals.shape}")
    edges = batch.edge_index.contiguous()
    if edges.shape != (2, len(batch.edge_attr)):
        raise DataError(f"edge_index must be (2, {len(batch.edge_attr)}), found {edges.shape}")
    owner = torch.searchsorted(batch.ptr, edges, right=True) - 1
    if not owner[0].equal(owner[1]) or ((edges < 0) | (edges >= len(batch.x))).any():
        raise DataError("edge_index leads out of its molecule")
    bonds = _bonds(edges, batch.edge_attr)
    begin, end = edges[:, bonds]
    starts = batch.ptr[:-1]
    molecule = owner[0, bonds]
    order = torch.argsort(molecule, stable=True)
    ends = (torch.stack([begin, end], dim=1) - starts[molecule, None])[order]
    counts = torch.bincount(molecule, minlength=len(starts))
    attributes = batch.edge_attr[bonds][order]
    return graph_input(size, batch.x, reals.float(), ends, attributes, batch.ptr.diff(), counts)


def _check_codes(name: str, codes: Tensor, widths: tuple[int, ...]) -> None:
    if codes.is_floating_point() or codes.shape[1:] != (len(widths),):
        raise DataError(f"{name}: {len(widths)} columns of integer codes are expected")
    if len(codes) and (codes.amin() < 0 or (codes.amax(dim=0) >= codes.new_tensor(widths)).any()):
        raise DataError(f"{name}: codes must be below {widths}")


def _bonds(edges: Tensor, attributes: Tensor) -> Tensor:
    """One edge of each bond, by position."""
    every = torch.arange(edges.shape[1], device=edges.device)
    forward, backward = every[::2], every[1::2]
    if len(every) % 2 or not edges[:, ::2].equal(edges[:, 1::2].flip(0)):
        up = edges[0] < edges[1]
        n = int(edges.max()) + 1
        keys = edges.amin(dim=0) * n + edges.amax(dim=0)
        forward, backward = every[up], every[~up]
        forward = forward[keys[forward].argsort(stable=True)]
        backward = backward[keys[backward].argsort(stable=True)]
    if not (
        edges[:, forward].equal(edges[:, backward].flip(0))
        and attributes[forward].equal(attributes[backward])
    ):
        raise DataError("every edge must be there in both directions, with the same codes")
    return forward
