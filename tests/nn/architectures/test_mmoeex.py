"""The stacked model against a naive loop, and the properties of gates and connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import binary_cross_entropy_with_logits

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.experts import activations
from bioassay_mtl.nn.inputs import SparseInput
from bioassay_mtl.nn.towers import MLPTower, PerExpertTower
from tests.nn.conftest import random_input

FEATURES = {"ecfp": 17, "torsion": 9}
TASKS = tuple("abcdef")
KINDS = st.sampled_from(["uniform", "static", "linear", "low_rank", "task_embedding"])
TOWERS = st.sampled_from(["linear", "per_expert", "mlp"])
OPEN = st.lists(
    st.lists(st.booleans(), min_size=5, max_size=5).filter(any), min_size=6, max_size=6
).filter(lambda rows: np.array(rows).any(axis=0).all())


def make(kind: str, tower: str, matrix: Any, depth: int = 2, **gate: Any) -> Any:
    """A mixed model of 5 experts in two groups, in float64, far from its uniform start."""
    config = network_config(
        {
            "kind": "mmoeex",
            "experts": [
                {"inputs": ["ecfp"], "n": 3, "width": 4, "depth": depth, "dropout": 0.0},
                {"inputs": ["ecfp", "torsion"], "n": 2, "width": 4, "dropout": 0.0},
            ],
            "gate": {"kind": kind, "rank": 3, **gate},
            "connections": {"kind": "matrix", "matrix": matrix},
            "tower": {"kind": tower, "width": 3},
        }
    )
    torch.manual_seed(0)
    network: Any = build_network(config, FEATURES, TASKS)
    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    return network


def some_inputs(n: int = 7) -> dict[str, SparseInput]:
    rng = np.random.default_rng(5)
    return {"ecfp": random_input(rng, n, 17, False), "torsion": random_input(rng, n, 9, True)}


def naive_logits(network: Any, inputs: Mapping[str, SparseInput]) -> torch.Tensor:
    """One expert, one task and one molecule at a time, from the definition."""
    dense = {name: x.dense(torch.float64) for name, x in inputs.items()}
    outputs = []
    for group in network.groups:
        x = torch.cat([dense[name] for name in group.config.inputs], dim=1)
        table = torch.cat([group.first.tables[name] for name in group.config.inputs])
        act, h = activations[group.config.activation], group.config.width
        for e in range(group.config.n):
            hidden = act(x @ table[:, e * h : (e + 1) * h] + group.first_bias[e])
            for layer in group.layers:
                hidden = hidden + act(hidden @ layer.weight[e] + layer.bias[e])
            outputs.append(hidden)
    gate, tower = network.gate, network.tower
    x = torch.cat([dense[name] for name in FEATURES], dim=1)
    logits = torch.zeros(len(x), len(TASKS), dtype=torch.float64)
    for b in range(len(x)):
        for t in range(len(TASKS)):
            score = naive_scores(gate, x[b], t) / gate.config.temperature
            weight = torch.exp(score) * network.connections[t]
            weight = weight / weight.sum()
            logits[b, t] = tower.bias[t]
            if isinstance(tower, PerExpertTower):
                for e, output in enumerate(outputs):
                    logits[b, t] += weight[e] * (output[b] @ tower.weight[e, :, t])
                continue
            mixed = sum(weight[e] * outputs[e][b] for e in range(len(outputs)))
            if isinstance(tower, MLPTower):
                mixed = torch.relu(mixed @ tower.hidden[t] + tower.hidden_bias[t])
            logits[b, t] += mixed @ (
                tower.weight[t] if isinstance(tower, MLPTower) else tower.weight[:, t]
            )
    return logits


def naive_scores(gate: Any, x: torch.Tensor, t: int) -> Any:
    match gate.config.kind:
        case "uniform":
            return torch.zeros(5, dtype=torch.float64)
        case "static":
            return gate.score[t]
        case "linear":
            weight = torch.cat(list(gate.weight.tables.values())).unflatten(1, (len(TASKS), -1))
            return x @ weight[:, t] + gate.bias[t]
    code = torch.tanh(x @ torch.cat(list(gate.bottleneck.tables.values())))
    if gate.config.kind == "low_rank":
        return gate.weight[t] @ code + gate.bias[t]
    return gate.key @ ((1 + code) * gate.task[t])


@settings(max_examples=25, deadline=None)
@given(KINDS, TOWERS, OPEN)
def test_stacked_model_equals_naive_loop(kind: str, tower: str, matrix: Any) -> None:
    network, inputs = make(kind, tower, matrix, temperature=1.7), some_inputs()
    expected = naive_logits(network, inputs)
    torch.testing.assert_close(network(inputs), expected, rtol=1e-10, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(KINDS, OPEN, st.sampled_from([0.0, 0.6]))
def test_gates_sum_to_one_over_open_experts(kind: str, matrix: Any, expert_dropout: float) -> None:
    network = make(kind, "linear", matrix, expert_dropout=expert_dropout).train()
    weights = network.mixing_weights(some_inputs())
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights.sum(-1)))
    closed = ~torch.tensor(matrix)
    assert (weights[:, closed] == 0).all()


@settings(max_examples=15, deadline=None)
@given(KINDS, TOWERS, OPEN, st.integers(0, 4))
def test_closed_connection_carries_exactly_no_gradient(
    kind: str, tower: str, matrix: Any, expert: int
) -> None:
    network, inputs = make(kind, tower, matrix), some_inputs()
    outputs = network.experts(inputs).detach().requires_grad_()
    logits = network.tower(outputs, network.mixing_weights(inputs))
    served = torch.tensor(matrix)[:, expert]
    (gradient,) = torch.autograd.grad(logits[:, ~served].sum(), outputs)
    assert (gradient[:, expert] == 0).all()
    if kind == "static" and (~served).any():
        (score,) = torch.autograd.grad(network(inputs)[:, ~served].sum(), network.gate.score)
        assert (score[~served, expert] == 0).all()


@settings(max_examples=15, deadline=None)
@given(KINDS, TOWERS, OPEN, st.permutations(range(6)))
def test_permuting_tasks_permutes_outputs(
    kind: str, tower: str, matrix: Any, order: list[int]
) -> None:
    network, inputs = make(kind, tower, matrix), some_inputs()
    logits = network(inputs)
    state = dict(network.state_dict())
    for name, value in state.items():
        if name.startswith("gate.weight.tables"):
            state[name] = value.unflatten(1, (6, -1))[:, order].flatten(1)
        elif name == "tower.weight" and tower != "mlp":
            state[name] = value[..., order]
        elif not name.startswith(("groups.", "gate.bottleneck.", "gate.key")):
            state[name] = value[order]
    network.load_state_dict(state)
    network.connections.copy_(network.connections[order])
    torch.testing.assert_close(network(inputs), logits[:, order])


@settings(max_examples=15, deadline=None)
@given(KINDS, TOWERS, st.integers(0, 6), st.integers(0, 5))
def test_masking_a_cell_changes_no_other_gradient(
    kind: str, tower: str, row: int, task: int
) -> None:
    network, inputs = make(kind, tower, np.ones((6, 5), bool).tolist()), some_inputs()
    labels = (torch.rand(7, 6) < 0.5).double()
    mask = torch.ones(7, 6, dtype=torch.bool)

    def logit_gradient(mask: torch.Tensor) -> torch.Tensor:
        logits = network(inputs).detach().requires_grad_()
        loss = binary_cross_entropy_with_logits(logits, labels, reduction="none")
        gradient: torch.Tensor
        (gradient,) = torch.autograd.grad(loss[mask].sum(), logits)
        return gradient

    whole = logit_gradient(mask)
    mask[row, task] = False
    masked = logit_gradient(mask)
    assert masked[row, task] == 0
    assert torch.equal(masked[mask], whole[mask])


@pytest.mark.parametrize("tower", ["linear", "per_expert", "mlp"])
def test_expert_logits_are_those_of_a_gate_that_opens_one_expert(tower: str) -> None:
    network = make("static", tower, np.ones((6, 5), bool).tolist())
    experts = network.experts(some_inputs())
    alone = network.tower.expert_logits(experts)
    for e in range(5):
        gate = torch.nn.functional.one_hot(torch.tensor(e), 5).double().expand(1, 6, 5)
        torch.testing.assert_close(alone[e], network.tower(experts, gate))
    if tower != "mlp":
        some = network.tower.votes_on(3, experts[:, 2:4], first=2)
        torch.testing.assert_close(some, alone[2:4, :, 3].T)


@pytest.mark.parametrize("kind", ["uniform", "static", "linear", "low_rank", "task_embedding"])
def test_every_gate_starts_uniform(kind: str) -> None:
    config = network_config(
        {"kind": "mmoe", "experts": {"inputs": ["ecfp"], "n": 4}, "gate": {"kind": kind}}
    )
    network = build_network(config, FEATURES, TASKS).eval()
    weights = network.mixing_weights(some_inputs())
    torch.testing.assert_close(weights, torch.full_like(weights, 0.25))


@pytest.mark.parametrize("tower", ["linear", "per_expert", "mlp"])
def test_narrower_experts_are_filled_up(tower: str) -> None:
    groups = [{"inputs": ["torsion"], "n": 2, "width": 3}, {"inputs": ["ecfp"], "n": 1, "width": 5}]
    config = network_config({"experts": groups, "tower": {"kind": tower}})
    network: Any = build_network(config, FEATURES, TASKS)
    inputs = some_inputs()
    network.double().eval()
    outputs = network.experts(inputs)
    assert outputs.shape == (7, 3, 5)
    assert torch.equal(outputs[:, :2, :3], network.groups[0](inputs))
    assert not outputs[:, :2, 3:].any()
    assert network(inputs).shape == (7, len(TASKS))


def test_float32_on_cpu_equals_dense_inputs() -> None:
    network = make("low_rank", "linear", np.ones((6, 5), bool).tolist()).float()
    inputs = some_inputs()
    dense = {name: x.dense() for name, x in inputs.items()}
    torch.testing.assert_close(network(inputs), network(dense))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "mmoeeex", "experts": []}, "did you mean 'mmoeex'"),
        ({"experts": [{"inputs": ["ecfp"], "wdith": 3}]}, "did you mean 'width'"),
        ({"experts": [{"inputs": ["graph"]}]}, "unknown input 'graph'"),
        ({"experts": []}, "experts"),
        ({"experts": [{"inputs": ["ecfp"]}], "gate": {"kind": "statc"}}, "did you mean 'static'"),
    ],
)
def test_faulty_configuration_is_named(values: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_network(network_config(values), FEATURES, TASKS)
