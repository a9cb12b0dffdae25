"""Random expansions are the matrices that they say, whatever their size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import hadamard

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.expansions import Expansion, expansions
from bioassay_mtl.nn.expansions import dense as dense_module
from bioassay_mtl.nn.expansions.dense import Dense
from bioassay_mtl.nn.expansions.draws import normals, permutations, signs
from bioassay_mtl.nn.expansions.fastfood import Fastfood, hadamard_product
from bioassay_mtl.nn.expansions.kronecker import Kronecker

NAMES = sorted(expansions)
sizes = st.tuples(st.integers(30, 400), st.integers(1, 20), st.integers(0, 99), st.integers(1, 3))


def drawn(name: str, size: tuple[int, int, int, int]) -> Expansion:
    n_rows, n_columns, seed, copies = size
    return expansions[name](n_rows, n_columns, seed, copies)


def explicit(expansion: Expansion, copy: int) -> NDArray[np.float64]:
    """The matrix as its definition says, by NumPy alone."""
    d, n_columns = expansion.n_rows, expansion.n_columns
    if isinstance(expansion, Dense):
        size = max(1, dense_module.CHUNK // n_columns)
        chunks = [
            normals(expansion.seed, (copy, number), (min(size, d - first), n_columns))
            for number, first in enumerate(range(0, d, size))
        ]
        return np.concatenate(chunks).astype(np.float64) / math.sqrt(d)
    if isinstance(expansion, Kronecker):
        first, second, rest = (
            each[copy].numpy() for each in (expansion.first, expansion.second, expansion.rest)
        )
        rows = np.concatenate([np.kron(first, second)[:, :n_columns], rest])
        return np.asarray(rows[expansion.order.numpy()])
    assert isinstance(expansion, Fastfood)
    h = hadamard(expansion.size).astype(np.float64)
    blocks = []
    for number in range(expansion.sign.shape[1]):
        b = np.diag(expansion.sign[copy, number].double().numpy())
        g = np.diag(expansion.normal[copy, number].numpy())
        pi = np.eye(expansion.size)[expansion.order[copy, number].numpy()]
        blocks.append(h @ g @ pi @ h @ b)
    return np.concatenate(blocks)[:d, :n_columns]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(size=sizes)
def test_a_product_is_that_with_the_explicit_matrix(
    name: str, size: tuple[int, int, int, int]
) -> None:
    expansion = drawn(name, size)
    vectors = torch.from_numpy(normals(7, (), (expansion.copies, expansion.n_columns))).double()
    found = expansion(vectors)
    for copy, vector in enumerate(vectors):
        expected = explicit(expansion, copy) @ vector.numpy()
        np.testing.assert_allclose(found[copy].numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(expansion.matrix()[0].numpy(), explicit(expansion, 0), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_autograd_through_the_matrix(name: str) -> None:
    expansion = drawn(name, (90, 7, 3, 2))
    vectors = torch.from_numpy(normals(1, (), (2, 7))).double().requires_grad_()
    assert torch.autograd.gradcheck(expansion, (vectors,))
    assert torch.autograd.gradgradcheck(expansion, (vectors,))
    slopes = torch.from_numpy(normals(2, (), (2, 90))).double()
    (found,) = torch.autograd.grad(expansion(vectors), vectors, slopes)
    expected = torch.einsum("idl,id->il", expansion.matrix(), slopes)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10)
@given(size=sizes)
def test_a_seed_gives_one_matrix_and_another_seed_another(
    name: str, size: tuple[int, int, int, int]
) -> None:
    one, two = drawn(name, size), drawn(name, size)
    other = drawn(name, (*size[:2], size[2] + 1, size[3]))
    vectors = torch.from_numpy(normals(7, (), (one.copies, one.n_columns)))
    assert torch.equal(one(vectors), two(vectors))
    assert not torch.equal(one(vectors), other(vectors))
    assert not one.state_dict()  # nothing of it is kept in a file


@pytest.mark.parametrize("name", NAMES)
def test_columns_have_length_one(name: str) -> None:
    squares = [drawn(name, (2_000, 16, seed, 1)).matrix().square().sum(1) for seed in range(30)]
    assert torch.cat(squares).mean().item() == pytest.approx(1.0, abs=0.05)


@settings(max_examples=20)
@given(size=sizes)
def test_orthonormal_columns_are(size: tuple[int, int, int, int]) -> None:
    for matrix in drawn("kronecker_orthonormal", size).matrix():
        torch.testing.assert_close(matrix.T @ matrix, torch.eye(size[1], dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_one_matrix_serves_many_vectors_and_copies_differ(name: str) -> None:
    one, several = drawn(name, (200, 5, 0, 1)), drawn(name, (200, 5, 0, 3))
    vectors = torch.ones(3, 5, dtype=torch.float64)
    torch.testing.assert_close(one(vectors), one(vectors)[:1].expand(3, -1))
    assert (several(vectors).std(dim=0) > 1e-9).double().mean() > 0.9


def test_dense_numbers_do_not_depend_on_how_many_are_made_at_a_time_of_a_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dense_module, "CHUNK", 50)
    expansion = Dense(103, 6)
    vectors = torch.ones(1, 6, dtype=torch.float64)
    np.testing.assert_allclose(expansion(vectors)[0], explicit(expansion, 0) @ np.ones(6))
    assert len(list(expansion.chunks(0, vectors))) == 13


@pytest.mark.parametrize("name", NAMES)
def test_more_columns_than_rows_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="choose fewer"):
        expansions[name](10, 11)


def test_a_kronecker_product_that_has_too_few_columns_is_refused() -> None:
    assert expansions["kronecker"](8, 8).matrix().shape == (1, 8, 8)  # 2 x 2 and 4 x 4
    with pytest.raises(ConfigError, match="choose fewer numbers, or the expansion 'dense'"):
        expansions["kronecker"](11, 11)  # 3 x 3 and 3 x 3 have 9


@pytest.mark.parametrize("n", [2, 4, 8, 32, 256])
def test_the_product_with_hadamards_matrix_is_scipys(n: int) -> None:
    x = torch.from_numpy(normals(0, (), (3, n))).double()
    np.testing.assert_allclose(hadamard_product(x), x.numpy() @ hadamard(n), atol=1e-10)


def test_draws_have_their_moments_and_never_change() -> None:
    numbers = normals(0, (1,), (100_000,))
    assert abs(numbers.mean()) < 0.02
    assert numbers.std() == pytest.approx(1, abs=0.02)
    assert abs(signs(0, (1,), (100_000,)).mean()) < 0.02
    assert sorted(permutations(0, (1,), (50,)).tolist()) == list(range(50))
    # A part of a longer draw, whatever its length: so a model of another day is made of the same.
    assert signs(5, (2,), (8,)).tolist() == signs(5, (2,), (64,))[:8].tolist()
    assert normals(5, (2,), (4,)).tolist() == normals(5, (2,), (99,))[:4].tolist()
