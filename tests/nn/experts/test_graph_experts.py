"""What must hold for graph experts of every kind."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from rdkit import Chem

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.experts import group_config
from bioassay_mtl.nn.experts.base import GroupConfig
from tests.nn.molecules import GRAPH_KINDS, STRANGE, graphs, group, inputs_of

kinds = pytest.mark.parametrize("kind", GRAPH_KINDS)
poolings = pytest.mark.parametrize("pooling", ["sum", "mean", "attention", "multi_head"])


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@kinds
@poolings
def test_the_order_of_atoms_does_not_matter(kind: str, pooling: str, nci_smiles: list[str]) -> None:
    # Signs of stereo depend on the order of neighbors.
    mols = [Chem.MolFromSmiles(s) for s in nci_smiles[:60] if not set("@/\\") & set(s)]
    orders = [Chem.MolToRandomSmilesVect(mol, 1, randomSeed=7)[0] for mol in mols]
    plain = [Chem.MolToSmiles(mol) for mol in mols]
    assert orders != plain
    block = graphs(plain, codes="chemprop", random_walk=2)
    experts = group(block, kind, pooling=pooling)
    other = graphs(orders, codes="chemprop", random_walk=2)
    torch.testing.assert_close(
        experts(inputs_of(block)), experts(inputs_of(other)), rtol=1e-6, atol=1e-6
    )


@kinds
@poolings
def test_batched_equals_one_by_one_in_any_order(
    kind: str, pooling: str, nci_smiles: list[str]
) -> None:
    block = graphs([*nci_smiles[:12], *STRANGE])
    experts = group(block, kind, pooling=pooling)
    together = experts(inputs_of(block))
    assert together.shape == (len(block), 3, 8)
    assert together.isfinite().all()
    alone = torch.cat([experts(inputs_of(block, [row])) for row in range(len(block))])
    close(together, alone)
    order = torch.randperm(len(block)).tolist()
    close(experts(inputs_of(block, order)), together[order])


@kinds
def test_a_prediction_does_not_depend_on_neighbors_to_the_bit(
    kind: str, nci_smiles: list[str]
) -> None:
    block = graphs(nci_smiles[:300])
    experts = group(block, kind, hidden=24, width=40, pooling="attention").float().eval()
    with torch.inference_mode():
        first = experts(inputs_of(block, range(256)))
        second = experts(inputs_of(block, [7, *range(299, 44, -1)]))
    assert torch.equal(first[7], second[0])
    assert torch.equal(first[45:256].flip(0), second[-211:])
    torch.testing.assert_close(first[:9], experts(inputs_of(block, range(9))))


@kinds
@pytest.mark.parametrize("shared_depth", [0, 1, 3])
@pytest.mark.parametrize("pooling", ["sum", "multi_head"])
def test_stacked_experts_equal_a_loop_over_single_ones(
    kind: str, shared_depth: int, pooling: str, nci_smiles: list[str]
) -> None:
    block = graphs([*nci_smiles[:20], *STRANGE], codes="chemprop")
    settings: dict[str, Any] = {"shared_depth": shared_depth, "pooling": pooling, "norm": "layer"}
    experts = group(block, kind, **settings)
    found = experts(inputs_of(block))
    for e in range(3):
        single = group(block, kind, **settings, n=1)
        of_one = single.state_dict()
        for name, value in experts.state_dict().items():
            differing = [d for d in range(value.dim()) if value.shape[d] != of_one[name].shape[d]]
            if shared_depth == 0:
                assert differing
            of_one[name] = value.chunk(3, dim=differing[0])[e] if differing else value
        single.load_state_dict(of_one)
        close(found[:, [e]], single(inputs_of(block)))


@kinds
def test_shared_layers_cost_one_network(kind: str) -> None:
    block = graphs(["CCO"])

    def size(**settings: Any) -> int:
        return sum(p.numel() for p in group(block, kind, hidden=32, **settings).parameters())

    one = size(n=1)
    assert size(n=4, shared_depth=0) == 4 * one
    assert size(n=4, shared_depth=3) < 1.3 * one
    assert size(n=4) == size(n=4, shared_depth=2)


@kinds
def test_gradients_reach_every_open_expert_and_no_closed_one(
    kind: str, nci_smiles: list[str]
) -> None:
    block = graphs(nci_smiles[:20])
    config = network_config(
        {
            "experts": [
                {"kind": kind, "inputs": ["graph"], "n": 3, "width": 8, "hidden": 8, "depth": 3}
            ],
            "connections": {"kind": "matrix", "matrix": [[1, 0, 1], [0, 1, 0]]},
            "tower": {"kind": "per_expert"},
        }
    )
    torch.manual_seed(0)
    network = build_network(config, {"graph": block.input_size}, ("first", "second"))
    network(inputs_of(block))[:, 0].sum().backward()
    experts = network.groups[0]
    for name, parameter in experts.named_parameters():
        assert parameter.grad is not None, name
    reached = experts.readout.weight.grad.flatten(1).abs().amax(1) > 0
    assert reached.tolist() == [True, False, True]
    network.zero_grad()
    network(inputs_of(block))[:, 1].sum().backward()
    reached = experts.readout.weight.grad.flatten(1).abs().amax(1) > 0
    assert reached.tolist() == [False, True, False]
    shared = [p for n, p in experts.named_parameters() if p.shape[0] == 1 and "layers.0" in n]
    assert shared
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in shared if p.dim() > 2)


def test_the_virtual_node_joins_what_bonds_do_not() -> None:
    block = graphs(["C.C", "C.N"])
    settings: dict[str, Any] = {"depth": 2, "pooling": "sum", "norm": "none"}
    vectors = []
    for virtual_node in (False, True):
        experts = group(block, "gine", virtual_node=virtual_node, **settings)
        vectors.append(experts.atoms(inputs_of(block)["graph"]))
    without, joined = vectors
    close(without[0], without[2])  # a carbon alone, whatever is beside it
    assert (joined[0] - joined[2]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "gin"}, r"unknown kind of experts 'gin' \(did you mean 'gine'\?\)"),
        ({"kind": "gine", "virtual": True}, "did you mean 'virtual_node'"),
        ({"kind": "dmpnn", "depth": 2, "shared_depth": 3}, "shared_depth 3 is more than depth 2"),
        ({"kind": "gine", "pooling": "max"}, "unknown pooling 'max'"),
        ({"kind": "gine", "pooling": "multi_head", "hidden": 10}, "4 heads do not divide"),
        ({"kind": "gine", "inputs": ["morgan"]}, r"reads one graph, found inputs \['morgan'\]"),
        ({"kind": "gine", "inputs": ["graph", "morgan"]}, "reads one graph"),
        ({"kind": "mlp"}, "'mlp' reads no graph, and input 'graph' is one"),
    ],
)
def test_faulty_settings_are_named(values: dict[str, Any], message: str) -> None:
    sizes: dict[str, InputSize] = {"graph": graphs(["C"]).input_size, "morgan": 64}
    with pytest.raises(ConfigError, match=message):
        build_network(network_config({"experts": [{"inputs": ["graph"]} | values]}), sizes, ["a"])


@kinds
def test_settings_keep_their_kind_without_their_defaults(kind: str) -> None:
    config = group_config({"kind": kind, "inputs": ["graph"], "n": 2})
    short = config.model_dump(mode="json", exclude_defaults=True)
    assert short == {"kind": kind, "inputs": ["graph"], "n": 2}
    again = group_config(short)
    assert isinstance(again, GroupConfig)
    assert again == config
