"""Products with sparse matrices of ones equal dense ones, also differentiated and under vmap."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import torch
from torch.func import vmap

from bioassay_mtl.nn.graphs import Incidence
from bioassay_mtl.nn.graphs.incidence import offsets_of
from tests.nn.molecules import GRAPH_KINDS, graphs, group, inputs_of

ONE_EACH = Incidence(torch.tensor([4, 0, 0, 2, 4, 4, 1]), 5)
SEVERAL = Incidence(torch.tensor([1, 4, 0, 0, 2]), 5, offsets_of(torch.tensor([0, 2, 1, 0, 2])))
ORPHAN = Incidence(SEVERAL.columns, 5, SEVERAL.offsets).transposed
matrices = pytest.mark.parametrize(
    "matrix", [ONE_EACH, SEVERAL, ONE_EACH.transposed, SEVERAL.transposed, ORPHAN]
)


def dense(matrix: Incidence) -> torch.Tensor:
    found = torch.zeros(matrix.n_rows, matrix.n_columns, dtype=torch.float64)
    found[torch.repeat_interleave(matrix.counts), matrix.columns] = 1
    return found


@matrices
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_product_equals_dense(matrix: Incidence, shape: tuple[int, ...]) -> None:
    x = torch.randn(matrix.n_columns, *shape, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(matrix @ x, torch.tensordot(dense(matrix), x, dims=1))
    assert torch.autograd.gradcheck(lambda x: matrix @ x, (x,))
    assert torch.autograd.gradgradcheck(lambda x: (matrix @ x) ** 3, (x,))


@matrices
def test_transposed_is_transposed(matrix: Incidence) -> None:
    torch.testing.assert_close(dense(matrix.transposed), dense(matrix).T)
    assert matrix.transposed.transposed is matrix


@matrices
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_vmap_equals_a_loop(matrix: Incidence, axis: int) -> None:
    x = torch.randn(4, matrix.n_columns, 3).movedim(0, axis).requires_grad_()
    mapped = vmap(lambda x: matrix @ x, in_dims=axis)(x)
    expected = torch.stack([matrix @ part for part in x.unbind(axis)])
    torch.testing.assert_close(mapped, expected)
    gradient = torch.randn_like(mapped)
    torch.testing.assert_close(
        torch.autograd.grad(mapped, x, gradient), torch.autograd.grad(expected, x, gradient)
    )
    largest = vmap(matrix.largest, in_dims=axis)(x.detach())
    torch.testing.assert_close(largest, torch.stack([matrix.largest(p) for p in x.unbind(axis)]))


def test_largest_of_each_row() -> None:
    x = torch.tensor([[-1.0, 5.0], [-2.0, -3.0], [0.0, -4.0], [7.0, 7.0], [-9.0, 1.0]])
    expected = [[0.0, 0.0], [-2.0, 1.0], [-1.0, 5.0], [0.0, 0.0], [0.0, 5.0]]
    assert SEVERAL.largest(x.requires_grad_()).tolist() == expected
    assert not SEVERAL.largest(x).requires_grad


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("kind", GRAPH_KINDS)
@pytest.mark.cases(1)
def test_a_batch_is_freed_without_the_collector(kind: str) -> None:
    block = graphs(["CCO", "c1ccccc1O", "CC(=O)N"])
    experts = group(block, kind)

    def alive() -> int:
        return sum(type(thing) is Incidence for thing in gc.get_objects())

    before = alive()
    experts(inputs_of(block)).square().sum().backward()
    with torch.inference_mode():
        experts(inputs_of(block))
    assert alive() == before
