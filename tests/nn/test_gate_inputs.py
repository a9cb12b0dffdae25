"""Gates that read a fingerprint, descriptors, a graph, or several of these."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bioassay_mtl.chem.representation import DenseSize, InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.experts.embedding import CodeEmbedding
from bioassay_mtl.nn.experts.pooling import MeanPooling
from bioassay_mtl.nn.graphs import GraphInput, composition, n_columns
from bioassay_mtl.nn.inputs import Inputs
from tests.nn.conftest import random_input
from tests.nn.molecules import STRANGE, graphs, inputs_of

SIZES: dict[str, InputSize] = {
    "morgan": 64,
    "graph": graphs(["C"], random_walk=2).input_size,
    "descriptors": DenseSize(7),
}
GATES = ("linear", "low_rank", "task_embedding")
READ = (["morgan"], ["descriptors"], ["graph"], ["graph", "morgan"], ["descriptors", "graph"])


def network(gate: str, reads: list[str], sizes: dict[str, InputSize] = SIZES) -> Any:
    """An expert of each kind, and a gate far from its start, in double precision."""
    small = {"n": 2, "width": 8}
    experts = [
        {"inputs": ["morgan"], "depth": 2, **small},
        {"kind": "gine", "inputs": ["graph"], "hidden": 8, "depth": 2, **small},
        {"inputs": ["descriptors"], **small},
    ]
    experts = [group for group in experts if group["inputs"][0] in sizes]  # type: ignore[index]
    settings = {"experts": experts, "gate": {"kind": gate, "inputs": reads, "rank": 3}}
    torch.manual_seed(0)
    made: Any = build_network(network_config(settings), sizes, ("a", "b"))
    made.double().eval()
    with torch.no_grad():
        for parameter in made.gate.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def batch(smiles: list[str], rows: list[int] | None = None) -> Inputs:
    """Real graphs, beside other features made up for the same molecules."""
    rng = np.random.default_rng(0)
    every = list(range(len(smiles))) if rows is None else rows
    prints = random_input(rng, len(smiles), 64, counts=True).dense()
    values = torch.from_numpy(rng.normal(size=(len(smiles), 7)).astype(np.float32))
    graph = inputs_of(graphs(smiles, random_walk=2), every)["graph"]
    return {"morgan": prints[every], "graph": graph, "descriptors": values[every]}


def mixed(made: Any, inputs: Inputs) -> Tensor:
    weights: Tensor = made.mixing_weights(inputs)
    return weights


@pytest.mark.parametrize("reads", READ)
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.cases(3)
def test_one_by_one_in_any_order_equals_together(
    gate: str, reads: list[str], nci_smiles: list[str]
) -> None:
    smiles = [*nci_smiles[:12], *STRANGE]
    made, n = network(gate, reads), len(smiles)
    together = mixed(made, batch(smiles))
    assert together.shape == (n, 2, 6)
    assert together.std(dim=0).max() > 1e-3, "the gate depends on the molecule"
    turned = mixed(made, batch(smiles, [*range(n)][::-1]))
    torch.testing.assert_close(turned.flip(0), together)
    alone = [mixed(made, batch(smiles, [row])) for row in range(n)]
    torch.testing.assert_close(torch.cat(alone), together)


@pytest.mark.parametrize("gate", GATES)
def test_only_what_is_named_is_read(gate: str, nci_smiles: list[str]) -> None:
    first, second = batch(nci_smiles[:8]), batch(nci_smiles[8:16])
    for reads in READ:
        made = network(gate, reads)
        for name in SIZES:
            other = {**first, name: second[name]}
            if name != "graph":
                other[name] = torch.as_tensor(second[name]).flip(0)
            differ = not torch.equal(mixed(made, other), mixed(made, first))
            assert differ == (name in reads)


@pytest.mark.parametrize("reads", READ)
def test_gradients_reach_gate_and_open_experts(reads: list[str], nci_smiles: list[str]) -> None:
    made = network("low_rank", reads)
    made(batch(nci_smiles[:8])).sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        if "tables" in name:
            assert parameter.grad.abs().sum() > 0, name


def test_by_default_all_but_graphs_are_read() -> None:
    assert {*network("linear", []).gate.weight.tables} == {"morgan", "descriptors"}
    only = {"graph": SIZES["graph"]}
    assert [*network("linear", [], only).gate.weight.tables] == ["graph"]
    with pytest.raises(ConfigError, match="unknown input 'ecfp'"):
        network("linear", ["ecfp"])


def test_a_map_of_the_composition_is_an_embedding_and_a_mean(nci_smiles: list[str]) -> None:
    block = graphs([*nci_smiles[:10], *STRANGE], random_walk=2)
    size, graph = block.input_size, inputs_of(block)["graph"]
    assert isinstance(graph, GraphInput)
    found = composition(graph)
    assert found.shape == (len(block), n_columns(size))
    embedding = CodeEmbedding(1, size.atom_widths, size.n_reals, 5)
    embedding.reals.data.normal_()
    expected = MeanPooling(1, 5, 1)(embedding(graph.atoms), graph.atoms.which, graph)[:, 0]
    n_atoms = sum(size.atom_widths)
    table = torch.cat([embedding.table, embedding.reals])
    torch.testing.assert_close(found[:, : n_atoms + size.n_reals] @ table, expected)
    bonds = found[:, n_atoms + size.n_reals :]
    per_atom = 2 * np.diff(block.bond_offsets) / np.diff(block.atom_offsets).clip(1)
    order = bonds[:, : size.bond_widths[0]].sum(1).numpy()
    np.testing.assert_allclose(order, per_atom, rtol=1e-5)
    assert not found[STRANGE.index("") + 10].any()
