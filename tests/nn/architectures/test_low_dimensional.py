"""A network of low dimension is, for each task, the network that its weights say."""

from __future__ import annotations

import copy
import io
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bioassay_mtl.chem.representation import DenseSize, GraphSize, InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.low_dimensional import layout as layout_module
from bioassay_mtl.nn.network import n_weights
from bioassay_mtl.nn.pairs import Pairs
from bioassay_mtl.tasks.kinds import kind_config

SIZES: dict[str, InputSize] = {"bits": 60, "reals": DenseSize(5)}
TASKS = ("a", "b", "c", "d")
KINDS = tuple(
    kind_config(each)
    for each in (
        {"kind": "binary"},
        {"kind": "multiclass", "classes": ["x", "y", "z"]},
        {"kind": "regression"},
        {"kind": "binary"},
    )
)
FORMS = ("product", "columns", "single", "free")


def network(kinds: Any = (), **settings: Any) -> Any:
    """A small one whose coordinates are no longer 0."""
    values = {"kind": "low_dimensional", "inputs": ["bits", "reals"], "width": 6, "depth": 3}
    values |= {"coordinates": 4, "shared": 9, **settings}
    with Draws(0).used():
        found: Any = build_network(network_config(values), SIZES, TASKS, kinds)
        found.double()
        with torch.no_grad():
            for parameter in found.parameters():
                parameter.normal_()
    return found


def batch() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    bits = torch.rand(7, 60, generator=generator) < 0.2
    return {"bits": bits.double(), "reals": torch.randn(7, 5, generator=generator).double()}


def naive(made: Any, inputs: dict[str, Tensor]) -> Tensor:
    """Outputs of one task after another, each with its weights in one vector."""
    h, config, found = made.config.width, made.config, []
    for task, theta in enumerate(made.space.task_weights(made.tower.given)):
        parts = list(
            theta.split(
                [
                    60 * h,
                    5 * h,
                    h,
                    *[h * h, h] * (config.depth - 1),
                    theta.numel() - 65 * h - h - (config.depth - 1) * (h * h + h),
                ]
            )
        )
        hidden = inputs["bits"] @ parts.pop(0).view(60, h)
        hidden = torch.relu(hidden + inputs["reals"] @ parts.pop(0).view(5, h) + parts.pop(0))
        for _ in range(config.depth - 1):
            hidden = hidden + torch.relu(hidden @ parts.pop(0).view(h, h) + parts.pop(0))
        n_outputs = made.outputs.counts[task]
        found.append((hidden @ parts.pop(0).view(h, -1))[:, :n_outputs])
    outputs: Tensor = torch.cat(found, dim=1) + made.tower.bias
    return outputs


def theta(made: Any) -> Tensor:
    """The weights of all tasks by the formula, with explicit matrices."""
    config, space, a = made.config, made.space, made.tower.given
    matrix = space.expansion.matrix()
    if config.form == "single":
        q = matrix[0]
    elif config.form == "product":
        q = matrix[0] @ space.weight.T
    else:
        q = torch.einsum("kdl,kl->dk", matrix, space.weight)
    weights: Tensor = space.origin + (space.units[:, None] * q @ a.T).T
    return weights


@pytest.mark.parametrize("kinds", [(), KINDS], ids=["binary", "mixed"])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("form", FORMS)
def test_it_is_a_network_for_each_task(form: str, depth: int, kinds: Any) -> None:
    made, inputs = network(kinds, form=form, depth=depth), batch()
    expected = naive(made, inputs)
    torch.testing.assert_close(made(inputs), expected)
    with torch.no_grad():
        torch.testing.assert_close(made(inputs), expected.detach())
    n_outputs = expected.shape[1]
    rows, columns = torch.arange(7).repeat(2), torch.arange(14) % n_outputs
    at = made.tower.at(
        made.experts(inputs), made.mixing_weights(inputs), Pairs(rows, columns, 7, n_outputs)
    )
    torch.testing.assert_close(at, expected[rows, columns])
    gradients = [
        torch.autograd.grad(outputs.square().sum(), list(made.parameters()), retain_graph=True)
        for outputs in (at, expected[rows, columns])
    ]
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("expansion", ["dense", "kronecker", "kronecker_orthonormal", "fastfood"])
@pytest.mark.parametrize("form", FORMS[:3])
def test_weights_lie_in_the_random_subspace(form: str, expansion: str) -> None:
    made = network(form=form, expansion=expansion)
    torch.testing.assert_close(made.space.task_weights(made.tower.given), theta(made))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_learned_is_counted_and_nothing_else_is_kept(form: str) -> None:
    made = network(KINDS, form=form)
    d = made.space.layout.n_weights
    assert made.config.n_numbers(4, 6, d) == n_weights(made)
    kept = sum(value.numel() for value in made.state_dict().values())
    assert kept == n_weights(made) + 2 * 6  # factors and thresholds of the outputs


def test_all_tasks_start_at_theta_0_and_a_seed_gives_it_again() -> None:
    one, two = (
        build_network(
            network_config({"kind": "low_dimensional", "inputs": ["bits"], "seed": 3}), SIZES, TASKS
        )
        for _ in range(2)
    )
    inputs = {"bits": batch()["bits"].float()}
    outputs = one(inputs)
    assert outputs.std(dim=1).max() < 1e-6
    assert outputs.std(dim=0).min() > 0.01
    assert torch.equal(outputs, two(inputs))  # whatever the drawn directions are


def test_a_start_from_outside_is_kept_with_the_weights() -> None:
    made = network(origin="model")
    made.space.origin.normal_()
    other = network(origin="model")
    other.load_state_dict(made.state_dict())
    assert torch.equal(made(batch()), other(batch()))


def test_directions_are_made_once_where_nothing_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    made = network().eval()
    calls: list[Tensor] = []
    moved = made.space.moved

    def counting(vectors: Tensor) -> Tensor:
        calls.append(vectors)
        return cast(Tensor, moved(vectors))

    monkeypatch.setattr(made.space, "moved", counting)
    made(batch())
    assert len(calls) == 2  # for the first layer and those above
    made.requires_grad_(False)
    calls.clear()
    with torch.inference_mode():
        first = made(batch())
        made(batch())
        assert len(calls) == 1
    with torch.no_grad():
        made.space.weight.mul_(2)
    with torch.inference_mode():
        assert not torch.equal(made(batch()), first)
    monkeypatch.undo()
    again = copy.deepcopy(made)
    assert torch.equal(again(batch()), made(batch()))
    torch.save(made.state_dict(), io.BytesIO())


def test_tasks_are_taken_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from bioassay_mtl.nn.low_dimensional import tower

    made = network(KINDS)
    with torch.no_grad():
        whole = made(batch())
        monkeypatch.setattr(tower, "AT_ONCE", 1)
        torch.testing.assert_close(made(batch()), whole)


class _Calls(TorchDispatchMode):
    """Counts what PyTorch is asked to do."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.n = 0

    def __torch_dispatch__(self, f: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n += 1
        return f(*args, **(kwargs or {}))


@pytest.mark.parametrize("form", FORMS)
def test_measured_cells_of_many_tasks_take_no_more_calls_than_those_of_few(form: str) -> None:
    def calls(n_tasks: int) -> int:
        values = {"kind": "low_dimensional", "inputs": ["bits"], "form": form, "shared": 9}
        made: Any = build_network(network_config(values), SIZES, [*map(str, range(n_tasks))])
        rows = torch.arange(100) % 7
        pairs = Pairs(rows, torch.arange(100) % n_tasks, 7, n_tasks)
        inputs = {"bits": batch()["bits"].float()}
        with _Calls() as counted:
            experts = made.experts(inputs)
            made.tower.at(experts, experts, pairs).sum().backward()
        return int(counted.n)

    assert calls(60) == calls(3)


def test_outputs_can_be_put_into_other_units() -> None:
    made = network()
    before = made(batch())
    made.tower.rescale(torch.full((4,), 2.0).double(), torch.full((4,), 3.0).double())
    torch.testing.assert_close(made(batch()), 2 * before + 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"inputs": ["bits", "other"]}, "unknown input 'other'"),
        ({"shared": 10_000}, "10,000 numbers were given for"),
        ({"form": "cubic"}, "form"),
        ({"experts": [{"inputs": ["bits"]}]}, "has no experts: its one expert is of inputs"),
        ({"gate": {"kind": "static"}}, "has no gate: gates mix what experts say"),
        ({"tower": {"kind": "linear"}}, "has no tower: a linear head"),
        ({"expansion": "dens"}, "did you mean 'dense'"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        network(**settings)


def test_graphs_are_refused() -> None:
    sizes = {"graph": GraphSize((3,), (2,), 0)}
    config = network_config({"kind": "low_dimensional", "inputs": ["graph"]})
    with pytest.raises(ConfigError, match="each task would pass all messages anew"):
        build_network(config, sizes, TASKS)


def test_a_network_of_too_many_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout_module, "MOST_WEIGHTS", 100)
    with pytest.raises(ConfigError, match="at most 100 are allowed"):
        network()
