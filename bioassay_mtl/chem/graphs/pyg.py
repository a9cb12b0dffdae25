"""Conversion to and from PyTorch Geometric: its models and loaders take our graphs, and we its.

``x`` and ``edge_attr`` are the integer codes, ``reals`` the real columns where there are any; each
bond is two edges, one after the other. Needs the ``graphs`` extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.graphs.block import MAX_ATOMS, GraphBlock
from bioassay_mtl.chem.graphs.codes import code_sets
from bioassay_mtl.errors import InputError, MissingExtraError


def to_pyg(block: GraphBlock, rows: NDArray[Any] | Sequence[int] | None = None) -> list[Any]:
    """One ``torch_geometric.data.Data`` for each of some molecules (all, by default)."""
    data: list[Any] = to_pyg_batch(block, rows).to_data_list()
    return data


def to_pyg_batch(block: GraphBlock, rows: NDArray[Any] | Sequence[int] | None = None) -> Any:
    """One ``torch_geometric.data.Batch`` of some molecules, by index arithmetic alone."""
    import torch

    geometric = _geometric()
    block = block if rows is None else block.take(np.arange(len(block))[rows])
    batch = block.batch()
    atoms = torch.from_numpy(np.array(batch.atom_offsets))
    edges = torch.from_numpy(2 * block.bond_offsets)
    found = geometric.Batch(
        _base_cls=geometric.Data,
        x=torch.from_numpy(batch.atoms.astype(np.int64)),
        edge_index=torch.from_numpy(batch.edge_index),
        edge_attr=torch.from_numpy(batch.edges.astype(np.int64)),
        batch=torch.from_numpy(batch.molecule),
        ptr=atoms,
    )
    found._slice_dict = {"x": atoms, "edge_index": edges, "edge_attr": edges}
    none = torch.zeros(batch.n_molecules, dtype=torch.int64)
    found._inc_dict = {"x": none, "edge_index": atoms[:-1], "edge_attr": none}
    if batch.reals.shape[1]:
        found.reals = torch.from_numpy(np.array(batch.reals))
        found._slice_dict["reals"], found._inc_dict["reals"] = atoms, none
    found._num_graphs = batch.n_molecules
    return found


def from_pyg(graphs: Sequence[Any] | Any, codes: str) -> GraphBlock:
    """The block of ``Data`` objects, a single one, or a ``Batch``, that hold codes of a named set.

    Raises
    ------
    InputError
        If there is no graph, one is too large, a column is missing or of another shape, an edge
        leads to no atom or has no counterpart of the same codes, or a code is out of range.
    """
    if hasattr(graphs, "to_data_list"):
        graphs = graphs.to_data_list()
    elif hasattr(graphs, "edge_index"):
        graphs = [graphs]
    blocks = [_graph(graph, place, codes) for place, graph in enumerate(graphs)]
    if not blocks:
        raise InputError("there are no graphs")
    try:
        return GraphBlock.concatenate(blocks)
    except ValueError as error:  # real columns of some
        raise InputError(f"graphs: {error}") from error


def _graph(graph: Any, place: int, codes: str) -> GraphBlock:
    def column(name: str) -> NDArray[Any]:
        found = getattr(graph, name, None)
        if found is None:
            raise InputError(f"graph {place} has no {name}")
        values: NDArray[Any] = found.detach().cpu().numpy()
        return values

    code_set = code_sets[codes]
    atoms, edges, attributes = column("x"), column("edge_index"), column("edge_attr")
    for name, values, widths in (
        ("x", atoms, code_set.atom_widths),
        ("edge_attr", attributes, code_set.bond_widths),
    ):
        if values.dtype.kind not in "iu" or values.shape[1:] != (len(widths),):
            raise InputError(
                f"graph {place}: {name} must be {len(widths)} columns of integer codes"
            )
        if values.min(initial=0) < 0 or (values.max(axis=0, initial=0) >= widths).any():
            raise InputError(f"graph {place}: codes of {name} must be below {widths}")
    if len(atoms) > MAX_ATOMS:
        raise InputError(f"graph {place}: at most {MAX_ATOMS} atoms, found {len(atoms)}")
    if edges.dtype.kind not in "iu" or edges.shape != (2, len(attributes)):
        raise InputError(f"graph {place}: edge_index must be (2, {len(attributes)}) integers")
    if edges.min(initial=0) < 0 or (edges >= len(atoms)).any():
        raise InputError(f"graph {place}: edge_index leads to no atom")
    forward, backward = _pairs(edges)
    if (
        len(forward) != len(backward)
        or (edges[:, forward] != edges[::-1, backward]).any()
        or (attributes[forward] != attributes[backward]).any()
    ):
        raise InputError(f"graph {place}: every edge must be there in both directions, alike")
    reals = np.zeros((len(atoms), 0)) if getattr(graph, "reals", None) is None else column("reals")
    if reals.ndim != 2 or len(reals) != len(atoms) or not np.isfinite(reals).all():
        raise InputError(f"graph {place}: reals must be {len(atoms)} rows of finite numbers")
    return GraphBlock(
        np.array([0, len(atoms)]),
        np.array([0, len(forward)]),
        atoms.astype(np.uint8),
        np.ascontiguousarray(edges[:, forward].T.astype(np.uint16)),
        attributes[forward].astype(np.uint8),
        reals.astype(np.float32),
        codes,
    )


def _pairs(edges: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges, one for each bond, and their counterparts."""
    every = np.arange(edges.shape[1])
    if edges.shape[1] % 2 == 0 and (edges[:, ::2] == edges[::-1, 1::2]).all():
        return every[::2], every[1::2]
    up, down = every[edges[0] < edges[1]], every[edges[0] >= edges[1]]
    return up[np.lexsort(edges[:, up])], down[np.lexsort(edges[::-1, down])]


def _geometric() -> Any:
    try:
        import torch_geometric.data as data
    except ImportError as error:
        raise MissingExtraError("torch_geometric", "graphs") from error
    return data
