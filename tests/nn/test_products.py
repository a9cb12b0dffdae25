"""Stacked products: the same numbers by BLAS and by oneDNN, wherever a row stands."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch

from bioassay_mtl.nn.products import StackedProduct, _dense

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
def test_a_bias_is_added_on_the_way(shape: tuple[int, ...]) -> None:
    x, weight = sample(shape)
    bias = torch.randn(*shape[:-2], shape[-1], generator=torch.Generator().manual_seed(1))
    product, apart = StackedProduct(), bias.unsqueeze(-2)
    torch.testing.assert_close(product(x, weight, bias), product(x, weight) + apart)
    with torch.inference_mode():
        torch.testing.assert_close(product(x, weight, bias), product(x, weight) + apart)


@shapes
def test_the_place_of_a_row_changes_no_bit(shape: tuple[int, ...]) -> None:
    x, weight = sample(shape)
    product = StackedProduct()
    with torch.inference_mode():
        straight = product(x, weight)
        turned = product(x.roll(101, dims=0), weight).roll(-101, dims=1)
    assert torch.equal(straight, turned)


@pytest.mark.parametrize("shape", [(N_EXPERTS, 40, 3), (N_EXPERTS, 144, 128)])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_one_input_for_all_equals_a_copy_for_each(
    shape: tuple[int, ...], kind: torch.dtype
) -> None:
    x, weight = (t.to(kind) for t in sample(shape, n_rows=50))
    found = []
    for n in (1, N_EXPERTS):
        a, b = x[:, :1].clone().requires_grad_(), weight.clone().requires_grad_()
        product: torch.Tensor = StackedProduct()(a.expand(-1, n, -1), b)
        with torch.inference_mode():
            predicted = StackedProduct()(a.expand(-1, n, -1), b)
        found.append([product, predicted, *torch.autograd.grad(product.sin().sum(), (a, b))])
    for once, copied in zip(*found, strict=True):
        torch.testing.assert_close(once, copied, rtol=0, atol=1e-5 * copied.abs().max().item())


@torch.no_grad()
def doubled(weight: torch.nn.Parameter) -> None:
    weight.mul_(2)


def edited(weight: torch.nn.Parameter) -> None:
    weight.data.mul_(2)


def trained(weight: torch.nn.Parameter) -> None:
    weight.grad = torch.ones_like(weight)
    torch.optim.AdamW([weight], lr=0.5, fused=True).step()


@pytest.mark.parametrize("change", [doubled, edited, trained])
def test_a_changed_weight_is_noticed(change: Callable[[torch.nn.Parameter], None]) -> None:
    x, weight = sample((N_EXPERTS, 40, 24))
    parameter = torch.nn.Parameter(weight)
    product = StackedProduct()
    with torch.inference_mode():
        product(x, parameter)
    change(parameter)
    with torch.inference_mode():
        assert torch.equal(product(x, parameter), StackedProduct()(x, parameter))


def test_only_a_frozen_weight_is_rearranged_once() -> None:
    x, weight = sample((N_EXPERTS, 40, 24))
    parameter = torch.nn.Parameter(weight)
    product = StackedProduct()
    kept = []
    for is_trained in (False, False, True):
        with torch.inference_mode():
            product(x, parameter.requires_grad_(is_trained))
        kept.append(product._matrices)
    assert kept[0] is kept[1]
    assert kept[1] is not kept[2]


def test_a_copied_module_has_its_own_weights() -> None:
    x, weight = sample((N_EXPERTS, 40, 24))
    product = StackedProduct()
    with torch.inference_mode():
        product(x, weight)
        copied = copy.deepcopy(product)
        torch.testing.assert_close(copied(x, 3 * weight), 3 * product(x, weight))


@pytest.mark.parametrize("shape", [(N_EXPERTS, 144, 128), (144, 128)])
def test_derivatives_by_onednn_are_those_in_double_precision(shape: tuple[int, ...]) -> None:
    x, weight = sample(shape, n_rows=50)
    found = []
    for kind in (torch.float32, torch.float64):
        a, b = (t.to(kind).requires_grad_() for t in (x, weight))
        first = torch.autograd.grad(StackedProduct()(a, b).sin().sum(), (a, b), create_graph=True)
        squares = torch.stack([(g**2).sum() for g in first])
        second = torch.autograd.grad(squares.sum(), (a, b))
        found.append([g.double() for g in (*first, *second)])
    for single, double in zip(*found, strict=True):
        torch.testing.assert_close(single, double, rtol=0, atol=1e-4 * double.abs().max().item())


def test_onednn_is_given_matrices_without_gaps() -> None:
    stacked = sample((N_EXPERTS, 40, 24), n_rows=7)[0]
    of_one = stacked[:, 1]
    for matrix in (of_one, of_one.mT, of_one.contiguous(), of_one.contiguous().mT):
        packed = _dense(matrix)
        assert torch.equal(packed, matrix)
        assert packed.is_contiguous() or packed.mT.is_contiguous()
    ready = of_one.contiguous().mT
    assert _dense(ready) is ready


@pytest.mark.parametrize("shape", [(N_EXPERTS, 144, 128), (144, 128)])
def test_gradients_of_interleaved_experts(shape: tuple[int, ...]) -> None:
    x, weight = sample(shape, n_rows=50)
    found = []
    for kind in (torch.float32, torch.float64):
        a, b = (t.to(kind).requires_grad_() for t in (x, weight))
        side_by_side = StackedProduct()(a, b).transpose(0, 1).flatten(1)
        outer = torch.linspace(-1, 1, side_by_side.shape[1], dtype=kind)
        found.append(
            [g.double() for g in torch.autograd.grad((side_by_side @ outer).sum(), (a, b))]
        )
    for single, double in zip(*found, strict=True):
        torch.testing.assert_close(single, double, rtol=0, atol=1e-5 * double.abs().max().item())


@pytest.mark.parametrize("shape", [(N_EXPERTS, 144, 128), (144, 128)])
@pytest.mark.parametrize("in_dims", [(0, None), (None, 1), (2, 0)])
def test_vmap_equals_a_loop(shape: tuple[int, ...], in_dims: tuple[int | None, int | None]) -> None:
    x, weight = sample(shape, n_rows=20)
    several = [
        t if d is None else torch.stack([t, t.sin()], dim=d)
        for t, d in zip((x, weight), in_dims, strict=True)
    ]
    mapped = torch.func.vmap(StackedProduct(), in_dims=in_dims)(*several)
    for number, found in enumerate(mapped):
        parts = (
            t if d is None else t.select(d, number) for t, d in zip(several, in_dims, strict=True)
        )
        torch.testing.assert_close(found, StackedProduct()(*parts), rtol=1e-4, atol=1e-4)
