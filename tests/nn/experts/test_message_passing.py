"""Each kind of layer against a loop over edges, or the same layer of PyTorch Geometric."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.nn.experts.pooling import poolings
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.nn.graphs.steps import AtomStep
from tests.needs import extra
from tests.nn.molecules import STRANGE, graphs, group, inputs_of


@pytest.fixture(scope="module")
def block(nci_smiles: list[str]) -> GraphBlock:
    return graphs([*nci_smiles[:15], *STRANGE[:-4]], codes="chemprop")


def graph_of(block: GraphBlock) -> GraphInput:
    graph = inputs_of(block)["graph"]
    assert isinstance(graph, GraphInput)
    return graph


def edges_of(block: GraphBlock) -> Tensor:
    return torch.from_numpy(block.batch().edge_index)


def each(n: int) -> Incidence:
    return Incidence(torch.arange(n), n)


def plain_step(graph: GraphInput) -> AtomStep:
    """Of all atoms and edges, alike or not."""
    n_edges, n_atoms = graph.source.n_rows, graph.source.n_columns
    return AtomStep(each(n_atoms), each(n_edges), graph.source, graph.target, graph.incoming)


def embedded(embedding: Any, codes: Any, widths: Any, reals: Any = None) -> Tensor:
    """``(rows, H)`` of one expert, column by column."""
    starts = np.cumsum([0, *widths[:-1]])
    total = sum(
        embedding.table[codes[:, i].astype(np.int64) + int(start)] for i, start in enumerate(starts)
    )
    if embedding.reals is not None:
        total = total + torch.from_numpy(reals).double() @ embedding.reals
    assert isinstance(total, Tensor)
    return total


def test_dmpnn_equals_a_loop_over_edges(block: GraphBlock) -> None:
    experts = group(block, "dmpnn", n=1, depth=4)
    batch, codes = block.batch(), block.code_set
    atoms = embedded(experts.embedding, batch.atoms, codes.atom_widths, batch.reals)
    bonds = embedded(experts.edges, batch.edges, codes.bond_widths)
    source, target = batch.edge_index
    start = [atoms[v] + bond for v, bond in zip(source, bonds, strict=True)]
    hidden = [torch.relu(vector) for vector in start]
    for layer in experts.layers:
        heard = []
        for edge, v in enumerate(source):
            before = [e for e in np.flatnonzero(target == v) if e != batch.reverse[edge]]
            heard.append(sum((hidden[e] for e in before), torch.zeros(8).double()))
        weight, bias = layer.weight[0], layer.bias[0]
        hidden = [torch.relu(h0 + m @ weight + bias) for h0, m in zip(start, heard, strict=True)]
    last = embedded(experts.last_embedding, batch.atoms, codes.atom_widths, batch.reals)
    vectors = []
    for v in range(len(batch.atoms)):
        heard_by_atom = sum(
            (hidden[e] for e in np.flatnonzero(target == v)), torch.zeros(8).double()
        )
        output = heard_by_atom @ experts.last.weight[0] + experts.last.bias[0]
        vectors.append(torch.relu(last[v] + output))
    torch.testing.assert_close(experts.atoms(graph_of(block))[:, 0], torch.stack(vectors))


def test_gatedgcn_equals_a_loop_over_atoms(block: GraphBlock) -> None:
    experts = group(block, "gatedgcn", n=1, norm="none", feed_forward=False)
    graph, (source, target) = graph_of(block), edges_of(block)
    layer = experts.layers[0]
    x = (graph.atoms.which @ experts.embedding(graph.atoms))[:, 0]
    e = (graph.edges.which @ experts.edges(graph.edges))[:, 0]
    parts = (x @ layer.of_atoms.weight[0] + layer.of_atoms.bias[0]).split(8, dim=1)
    own, at_target, value, at_source = parts
    gates = e @ layer.of_edges.weight[0] + layer.of_edges.bias[0]
    gates = gates + at_target[target] + at_source[source]
    vectors = []
    for v in range(len(x)):
        into = torch.nonzero(target == v).flatten()
        share = torch.sigmoid(gates[into])
        heard = (share * value[source[into]]).sum(0) / (share.sum(0) + 1e-6)
        vectors.append(x[v] + torch.relu(own[v] + heard))
    found, edges = layer(x[:, None], e[:, None], plain_step(graph))
    torch.testing.assert_close(found[:, 0], torch.stack(vectors))
    torch.testing.assert_close(edges[:, 0], e + torch.relu(gates))


def test_gine_equals_that_of_pyg(block: GraphBlock) -> None:
    geometric = extra("torch_geometric.nn", "graphs")
    experts = group(block, "gine", n=1, norm="none", virtual_node=False)
    graph = graph_of(block)
    layer: Any = experts.layers[0]
    mlp: Any = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8)).double()
    convolution = geometric.GINEConv(mlp, eps=layer.epsilon.item())  # it resets the MLP
    with torch.no_grad():
        for theirs, ours in ((mlp[0], layer.first), (mlp[2], layer.second)):
            theirs.weight.copy_(ours.weight[0].T)
            theirs.bias.copy_(ours.bias[0])
    x = graph.atoms.which @ experts.embedding(graph.atoms)
    edges = (graph.edges.which @ layer.edges(graph.edges))[:, 0]
    expected = x[:, 0] + convolution(x[:, 0], edges_of(block), edges)
    step = plain_step(graph)._replace(own_edge=graph.edges.which)
    torch.testing.assert_close(layer(x, graph.edges, step)[:, 0], expected)


def test_attention_equals_that_of_pyg(block: GraphBlock) -> None:
    geometric = extra("torch_geometric.nn", "graphs")
    graph = graph_of(block)
    pooling: Any = poolings["attention"](1, 8, 4).double()
    gate = nn.Linear(8, 1).double()
    aggregation = geometric.AttentionalAggregation(gate)  # it resets the gate
    with torch.no_grad():
        gate.weight.copy_(pooling.score.weight[0].T)
        gate.bias.copy_(pooling.score.bias[0])
    x = 5 * torch.randn(len(graph.reals), 8, dtype=torch.float64)
    molecule = torch.from_numpy(block.batch().molecule)
    expected = aggregation(x, molecule, dim_size=len(block))
    torch.testing.assert_close(pooling(x[:, None], each(len(x)), graph)[:, 0], expected)


def test_each_head_attends_to_its_columns(block: GraphBlock) -> None:
    graph = graph_of(block)
    pooling: Any = poolings["multi_head"](2, 8, 4).double()
    x = torch.randn(len(graph.reals), 2, 8, dtype=torch.float64)
    found = pooling(x, each(len(x)), graph)
    scores = pooling.score(x)
    offsets = block.atom_offsets
    for b in range(len(block)):
        atoms = slice(offsets[b], offsets[b + 1])
        weights = torch.softmax(scores[atoms], dim=0).repeat_interleave(2, dim=2)
        torch.testing.assert_close(found[b], (weights * x[atoms]).sum(0))
