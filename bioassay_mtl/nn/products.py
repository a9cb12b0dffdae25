"""The products of stacked layers: a matrix for each of E experts, or one for all of them.

One batched product of BLAS; but in float32 on a CPU oneDNN in its place, which is twice as fast on
processors that PyTorch's BLAS does not favor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

FEWEST_COLUMNS = 16
"""Fewest columns of a product: with fewer than 12, BLAS sums the rows at the rim of a block in
another order, so that the place of a row in the batch would change its result."""

SMALLEST_MATRIX = 2**14
"""Entries of a matrix for which a call of oneDNN in training is worth it."""

BLOCK = 256
"""Rows that a prediction multiplies at a time where there are whole blocks of them: products of one
size take one way, whatever else is in the batch."""


class StackedProduct:
    """``x_e @ W_e`` for a parameter W; one that takes no gradient is rearranged once."""

    def __init__(self) -> None:
        self._matrices: list[Tensor] = []
        self._made_from: tuple[int, int] | None = None

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """``x (B, E or 1, K), weight (E, K, N) or (K, N) -> (E, B, N)``.

        A bias, ``(E, N)`` or ``(N,)``, is added: in predictions on the way, in one pass.
        """
        if torch.compiler.is_compiling():  # a compiler chooses for itself how it multiplies
            product = _of_stacked(x, weight, _padded_product)
        else:
            if weight.requires_grad:  # optimizers may change it without a new version
                self._made_from = None
            if _suits_onednn(x, weight):
                return self._predicted(x, weight, bias)
            product = _of_stacked(x, weight, _batched_product)
        return product if bias is None else product + bias.unsqueeze(-2)

    def _predicted(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if weight.dim() == 3:
            x = x.expand(-1, len(weight), -1)
        matrices = self._rearranged(weight)
        products = x.new_empty(x.shape[1], x.shape[0], weight.shape[-1])
        for expert, product in enumerate(products):
            matrix = matrices[expert % len(matrices)]
            own = bias if bias is None or bias.dim() == 1 else bias[expert]
            for rows, result in zip(_blocks(x[:, expert]), _blocks(product), strict=True):
                result.copy_(_linear(rows.contiguous(), matrix, own))
        return products

    def __reduce__(self) -> tuple[type[StackedProduct], tuple[()]]:
        return StackedProduct, ()  # tensors of oneDNN cannot be copied; a copy makes its own

    def _rearranged(self, weight: Tensor) -> list[Tensor]:
        source = (weight.data_ptr(), weight._version)
        if source != self._made_from:
            stacked = weight.detach() if weight.dim() == 3 else weight.detach()[None]
            self._matrices = [
                torch.ops.mkldnn._reorder_linear_weight(m.t().contiguous(), BLOCK)
                for m in stacked.unbind()
            ]
            self._made_from = source
        return self._matrices


def _of_stacked(x: Tensor, weight: Tensor, multiply: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    if weight.dim() == 3 and x.shape[1] < len(weight):  # one wide product
        wide = weight.transpose(0, 1).flatten(1)
        product = multiply(x.transpose(0, 1), wide)[0]
        stacked: Tensor = product.unflatten(1, (len(weight), -1))
        return stacked.transpose(0, 1)
    return multiply(x.transpose(0, 1), weight)


def _blocks(rows: Tensor) -> tuple[Tensor, ...]:
    return (rows,) if len(rows) % BLOCK else rows.split(BLOCK)


def _suits_onednn(x: Tensor, weight: Tensor) -> bool:
    return (
        torch.is_inference_mode_enabled()
        and _is_single_precision(x, weight)
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
        and not weight.is_inference()  # such a one does not tell whether it was changed
    )


def _is_single_precision(x: Tensor, weight: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.mkldnn.is_available()
    )


def _batched_product(x: Tensor, weight: Tensor) -> Tensor:
    """``x (E, B, K) -> (E, B, N)``."""
    if (
        not torch.is_inference_mode_enabled()
        and _is_single_precision(x, weight)
        and weight.shape[-2] * weight.shape[-1] >= SMALLEST_MATRIX
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    ):
        product: Tensor = _Product.apply(x, weight)  # type: ignore[no-untyped-call]
        return product
    return _padded_product(x, weight)


def _padded_product(x: Tensor, weight: Tensor) -> Tensor:
    """The same by BLAS, where few columns do not change the order of its sums."""
    n_columns = weight.shape[-1]
    if n_columns >= FEWEST_COLUMNS:
        product = x @ weight
        # Under autocast it is bfloat16, and on a CPU sums of two types take forty times those of
        # one. Accelerators widen it on the way, as they add the bias.
        return product.to(weight.dtype) if product.device.type == "cpu" else product
    padded = functional.pad(weight, (0, FEWEST_COLUMNS - n_columns))
    return (x @ padded)[..., :n_columns].to(weight.dtype)


class _Product(torch.autograd.Function):
    """``a (E, M, K) @ b (E or none, K, N)`` by oneDNN, differentiable any number of times."""

    @staticmethod
    def forward(a: Tensor, b: Tensor) -> Tensor:
        if b.dim() == 2:
            product: Tensor = _by_onednn(a.flatten(0, 1), b).unflatten(0, a.shape[:2])
            return product
        products = [_by_onednn(*pair) for pair in zip(a, b, strict=True)]
        return products[0][None] if len(products) == 1 else torch.stack(products)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        a, b = ctx.saved_tensors
        for_a, for_b = ctx.needs_input_grad
        of_a = _Product.apply(gradient, b.mT) if for_a else None  # type: ignore[no-untyped-call]
        if not for_b:
            return of_a, None
        if b.dim() == 2:
            a, gradient = a.flatten(0, 1)[None], gradient.flatten(0, 1)[None]
        of_b = _Product.apply(a.mT, gradient)  # type: ignore[no-untyped-call]
        return of_a, of_b.view_as(b)

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, int | None], a: Tensor, b: Tensor
    ) -> tuple[Tensor, int]:
        a, b = (x if d is None else x.movedim(d, 0) for x, d in zip((a, b), in_dims, strict=True))
        if in_dims[1] is not None and b.dim() == 3:
            b = b[:, None]  # one matrix for all experts
        return a @ b, 0


def _by_onednn(a: Tensor, b: Tensor) -> Tensor:
    return _linear(_dense(a), _dense(b).mT)


def _linear(x: Tensor, matrix: Tensor, bias: Tensor | None = None) -> Tensor:
    # PyTorch has no public way to oneDNN that takes ordinary tensors.
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, matrix, bias, "none", [], "")
    return product


def _dense(matrix: Tensor) -> Tensor:
    """With no gaps between rows, or columns: of some with gaps oneDNN takes 1,500 times as long."""
    if matrix.is_contiguous() or matrix.mT.is_contiguous():
        return matrix
    return matrix.mT.contiguous().mT if matrix.stride(0) == 1 else matrix.contiguous()
