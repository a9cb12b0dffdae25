"""Stacked products: the same numbers by BLAS and by oneDNN, wherever a row stands."""

from __future__ import annotations

import copy

import pytest
import torch

from bioassay_mtl.nn.products import StackedProduct

N_EXPERTS = 3

shapes = pytest.mark.parametrize(
    "shape", [(N_EXPERTS, 40, 24), (N_EXPERTS, 600, 128), (N_EXPERTS, 40, 1), (40, 24), (40, 3)]
)


def sample(shape: tuple[int, ...], n_rows: int = 256) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n_rows, N_EXPERTS, shape[-2], generator=generator)
    return x, torch.randn(*shape, generator=generator)


@shapes
def test_prediction_and_training_agree(shape: tuple[int, ...]) -> None:
    x, weight = sample(shape)
    product = StackedProduct()
    trained = product(x, weight)
    with torch.inference_mode():
        predicted = product(x, weight)
    expected = torch.stack(
        [
            x[:, e].double() @ (weight[e] if weight.dim() == 3 else weight).double()
            for e in range(N_EXPERTS)
        ]
    )
    tolerance = 1e-5 * shape[-2] ** 0.5
    torch.testing.assert_close(trained.double(), expected, rtol=0, atol=tolerance)
    torch.testing.assert_close(predicted.double(), expected, rtol=0, atol=tolerance)


@shapes
def test_the_place_of_a_row_changes_no_bit(shape: tuple[int, ...]) -> None:
    x, weight = sample(shape)
    product = StackedProduct()
    with torch.inference_mode():
        straight = product(x, weight)
        turned = product(x.roll(101, dims=0), weight).roll(-101, dims=1)
    assert torch.equal(straight, turned)


def test_a_changed_weight_is_noticed() -> None:
    x, weight = sample((N_EXPERTS, 40, 24))
    parameter = torch.nn.Parameter(weight)
    product = StackedProduct()
    with torch.inference_mode():
        first = product(x, parameter)
    with torch.no_grad():
        parameter.mul_(2)
    with torch.inference_mode():
        torch.testing.assert_close(product(x, parameter), 2 * first)


def test_a_copied_module_has_its_own_weights() -> None:
    x, weight = sample((N_EXPERTS, 40, 24))
    product = StackedProduct()
    with torch.inference_mode():
        product(x, weight)
        copied = copy.deepcopy(product)
        torch.testing.assert_close(copied(x, 3 * weight), 3 * product(x, weight))
