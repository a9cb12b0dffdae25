"""Batches of graphs: whole, in order, and the same wherever they are made."""

from __future__ import annotations

import numpy as np
import torch

from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.nn.graphs.steps import directed_steps
from bioassay_mtl.nn.products import BLOCK
from bioassay_mtl.nn.resident import DeviceGraphs, HostGraphs
from tests.nn.molecules import STRANGE, graphs, inputs_of

ROWS = [40, 3, 3, 46, 0, 41]


def matrices(graph: GraphInput) -> list[Incidence]:
    return [graph.atoms.which, graph.edges.which, graph.source, graph.target, graph.molecules]


def test_device_batches_equal_host_batches(nci_smiles: list[str]) -> None:
    block = graphs([*nci_smiles[:40], *STRANGE], codes="chemprop", random_walk=3)
    rows = torch.tensor(ROWS)
    host = HostGraphs(block).batch(rows)
    device = DeviceGraphs(block, torch.device("cpu")).batch(rows)
    assert isinstance(host, GraphInput)
    assert isinstance(device, GraphInput)
    assert len(host) == len(device) == len(ROWS)
    assert torch.equal(host.reals, device.reals)
    assert torch.equal(host.atoms.kinds, device.atoms.kinds)
    for a, b in zip(matrices(host), matrices(device), strict=True):
        assert torch.equal(a.columns, b.columns)
        assert torch.equal(a.counts, b.counts)


def test_a_batch_holds_the_codes_and_ends_of_its_molecules(nci_smiles: list[str]) -> None:
    block = graphs([*nci_smiles[:40], *STRANGE])
    graph = inputs_of(block, ROWS)["graph"]
    assert isinstance(graph, GraphInput)
    expected = block.batch(np.array(ROWS))
    for codes, found, widths in (
        (graph.atoms, expected.atoms, block.code_set.atom_widths),
        (graph.edges, expected.edges, block.code_set.bond_widths),
    ):
        one_hot = [torch.eye(n)[found[:, i].astype(int)] for i, n in enumerate(widths)]
        assert torch.equal(codes.which @ codes.kinds, torch.cat(one_hot, dim=1))
    np.testing.assert_array_equal(graph.source.columns, expected.edge_index[0])
    np.testing.assert_array_equal(graph.target.columns, expected.edge_index[1])
    owner = graph.owner @ torch.arange(6.0)[:, None]
    np.testing.assert_array_equal(owner[:, 0], expected.molecule)


def test_predictions_come_in_whole_blocks(nci_smiles: list[str]) -> None:
    block = graphs(nci_smiles[:10])
    with torch.inference_mode():
        graph = inputs_of(block)["graph"]
        assert isinstance(graph, GraphInput)
        begin, steps, _ = graph.once(directed_steps, 3)
    heard = [step.heard for step in steps if isinstance(step.heard, Incidence)]
    for matrix in (*begin, *heard):
        assert matrix.n_rows % BLOCK == 0
    assert len(heard) == len(steps)
    assert len(graph.atoms.kinds) % BLOCK == len(graph.edges.kinds) % BLOCK == 0
