"""The sparse first layer equals the dense product, forward, backward and twice backward."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import InputLinear, sparse_product
from tests.nn.conftest import random_input


@pytest.mark.parametrize("counts", [False, True])
def test_product_and_gradient_equal_dense(counts: bool) -> None:
    rng = np.random.default_rng(0)
    x = random_input(rng, 9, 20, counts)
    table = torch.randn(20, 5, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(9, 5, dtype=torch.float64)

    product = sparse_product(table, x)
    dense = x.dense(torch.float64) @ table
    torch.testing.assert_close(product, dense)

    (gradient,) = torch.autograd.grad(product, table, upstream)
    (expected,) = torch.autograd.grad(dense, table, upstream)
    torch.testing.assert_close(gradient, expected)


def test_gradient_is_differentiable_again() -> None:
    x = random_input(np.random.default_rng(1), 6, 8, counts=True)
    table = torch.randn(8, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda t: sparse_product(t, x) ** 3, (table,))


def test_inputs_side_by_side_equal_their_concatenation() -> None:
    rng = np.random.default_rng(2)
    inputs = {"a": random_input(rng, 4, 6, False), "b": random_input(rng, 4, 11, True)}
    layer = InputLinear({"a": 6, "b": 11}, 3)
    together = torch.cat([x.dense() for x in inputs.values()], dim=1)
    weight = torch.cat(list(layer.tables.values()))
    torch.testing.assert_close(layer(inputs), together @ weight)


def test_dense_and_sparse_inputs_agree() -> None:
    x = random_input(np.random.default_rng(3), 4, 6, True)
    layer = InputLinear({"a": 6}, 2)
    torch.testing.assert_close(layer({"a": x}), layer({"a": x.dense()}))


@pytest.mark.parametrize("name", ["values", "keys", "a.b"])
def test_a_name_that_pytorch_cannot_keep_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"an input cannot be called so: .*{name}.*another name"):
        InputLinear({"morgan": 16, name: 16}, 4)
