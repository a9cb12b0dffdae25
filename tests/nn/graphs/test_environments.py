"""Atoms share a vector if, and only if, their surroundings are alike."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bioassay_mtl.nn.graphs import Environments, GraphInput
from bioassay_mtl.nn.graphs.environments import SMALLEST_BLOCK, gathered, hashed, mixed
from bioassay_mtl.nn.graphs.steps import directed_steps, gated_steps, message_steps
from tests.nn.molecules import STRANGE, graphs, inputs_of


def batch(smiles: list[str]) -> GraphInput:
    graph = inputs_of(graphs(smiles))["graph"]
    assert isinstance(graph, GraphInput)
    return graph


def groups(of: Tensor) -> list[list[int]]:
    """Numbers of the members of each class, classes in the order of their first members."""
    members: dict[int, list[int]] = {}
    for number, kind in enumerate(of.tolist()):
        members.setdefault(kind, []).append(number)
    return list(members.values())


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(1, [[0, 6], [1, 5], [2, 3, 4]]), (2, [[0, 6], [1, 5], [2, 4], [3]])],
)
def test_atoms_are_told_apart_as_far_as_messages_come(
    depth: int, expected: list[list[int]]
) -> None:
    graph = batch(["CCCCCCC"])
    for *_, which in (
        message_steps(graph, depth, virtual_node=False),
        gated_steps(graph, depth),
        directed_steps(graph, depth),
    ):
        assert groups(which.columns) == expected


def test_a_virtual_node_tells_molecules_apart() -> None:
    graph = batch(["C.C", "C.N", "N.C"])
    _, _, without = message_steps(graph, 2, virtual_node=False)
    assert groups(without.columns) == [[0, 1, 2, 5], [3, 4]]
    _, _, joined = message_steps(graph, 2, virtual_node=True)
    assert groups(joined.columns) == [[0, 1], [2, 5], [3, 4]]


def test_environments_are_as_many_as_refinement_finds(nci_smiles: list[str]) -> None:
    graph = batch([*nci_smiles[:40], *STRANGE])
    begin, end = graph.source.columns.tolist(), graph.target.columns.tolist()
    bonds = graph.edges.environments.of.tolist()
    colors = graph.atoms.environments.of.tolist()
    for depth in (1, 2, 3):
        heard: list[list[tuple[int, int]]] = [[] for _ in colors]
        for u, v, bond in zip(begin, end, bonds, strict=True):
            heard[v].append((colors[u], bond))
        texts = [(own, *sorted(others)) for own, others in zip(colors, heard, strict=True)]
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        colors = [numbers[text] for text in texts]
        _, _, which = message_steps(graph, depth, virtual_node=False)
        assert groups(which.columns) == groups(torch.tensor(colors))
        assert len(numbers) < len(colors)


def test_excess_rows_are_equal_to_the_first() -> None:
    found = Environments.by(torch.tensor([7, -3, 7, 7]))
    assert found.of.tolist() == [1, 0, 1, 1]
    assert len(found) == SMALLEST_BLOCK
    assert found.first[:2].tolist() == [1, 0]
    assert set(found.first[2:].tolist()) == {1}
    assert len(Environments.by(torch.tensor([], dtype=torch.int64))) == 0


def test_the_first_of_each_environment_stands_for_it() -> None:
    hashes = torch.randint(50, (2000,), generator=torch.Generator().manual_seed(3))
    found = Environments.by(hashes)
    expected = [hashes.tolist().index(kind) for kind in hashes.unique().tolist()]
    assert found.first[: len(expected)].tolist() == expected


def test_training_meets_few_numbers_of_environments() -> None:
    wanted = range(1000, 4000, 7)
    found = [len(Environments.by(torch.arange(n))) for n in wanted]
    assert len(set(found)) <= 2 * 16 + 1
    assert all(n <= size <= n * 17 / 16 for n, size in zip(wanted, found, strict=True))


def test_hashes_tell_numbers_and_orders_apart(nci_smiles: list[str]) -> None:
    numbers = mixed(torch.cat([torch.arange(-5000, 5000), torch.arange(100) << 50]))
    assert len(numbers.unique()) == 10_099  # one 0 twice
    assert not torch.equal(hashed(numbers[:9], numbers[9:18]), hashed(numbers[9:18], numbers[:9]))
    graph = batch(nci_smiles[:5])
    hashes = graph.atoms.environments.hashes
    sums = gathered(graph.molecules, hashes)
    expected = [part.sum().item() for part in hashes.split(graph.molecules.counts.tolist())]
    assert sums.tolist() == expected
