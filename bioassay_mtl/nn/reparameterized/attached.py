"""Weights of a network that are made of shared modules, while it trains as any other.

The network keeps its ordinary weights ``W``. Before a step they are written from modules H,
contexts z and soft weights s; after the backward pass the gradient of W is pulled back through the
same formula, ``dL/dH = (dW/dH)^T dL/dW``: nothing else in a step knows that modules are shared, and
what is saved is an ordinary network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.reparameterized.blocks import Blocks
from bioassay_mtl.nn.reparameterized.hypermodules import Hypermodules, Mixture
from bioassay_mtl.nn.reparameterized.rows import RowAdamW


class RowOptimizers(nn.Module):
    """AdamW for the rows of a pool, its contexts and its soft weights."""

    def __init__(self, modules: Hypermodules) -> None:
        super().__init__()
        self.pool = RowAdamW(modules.pool)
        self.contexts = RowAdamW(modules.contexts)
        self.soft = RowAdamW(modules.soft)

    def forget(self, name: str, rows: Tensor) -> None:
        """Reset the state of some rows of a parameter."""
        optimizer: RowAdamW = getattr(self, name)
        optimizer.reset(rows)


class Made(Protocol):
    """Weights of a network that are made of something else.

    Attributes
    ----------
    weights
        Weights of the network: no optimizer moves them.
    """

    weights: list[Tensor]

    def write(self) -> None:
        """Make the weights what they are now; nothing happens where they are that already."""
        ...

    def pull_back(self) -> list[Tensor]:
        """Take the gradients of the weights to what they are made of; tensors that have them."""
        ...

    def step(self, rate: float, decay: float) -> None:
        """Move what they are made of, and write them."""
        ...


class Reparameterized:
    """Weights of one network, and the locations of a pool that they are made of.

    Parameters
    ----------
    modules
        The pool, which other networks may share.
    optimizers
        Optimizers of the pool.
    weights
        Weights of the network.
    blocks
        Blocks that these are cut into.
    start
        Location of the first block.
    soft_rate
        Learning rate of soft weights.
    factor
        Share of the learning rate of a step at which all else learns.
    """

    def __init__(
        self,
        modules: Hypermodules,
        optimizers: RowOptimizers,
        weights: Sequence[Tensor],
        blocks: Blocks,
        start: int = 0,
        soft_rate: float = 0.1,
        factor: float = 1.0,
    ) -> None:
        self._factor = factor
        self.modules, self.optimizers = modules, optimizers
        self.weights, self._blocks = list(weights), blocks
        self.locations = slice(start, start + len(blocks))
        self._soft_rate = soft_rate
        self._written = self._aligned = -1

    def write(self) -> None:
        """Make the network's weights what they are of the modules now."""
        if self._written == self.modules.changes:
            return
        part, modules = self.locations, self.modules
        if self._aligned != modules.realigned:
            self._mixture: Mixture = modules.mixture(part.start, part.stop)
            self._aligned = modules.realigned
        self._leaves = [
            leaf.detach().requires_grad_(of.requires_grad)
            for leaf, of in (
                (modules.pool[self._mixture.modules], modules.pool),
                (modules.contexts[part].clone(), modules.contexts),
                (modules.soft[part].clone(), modules.soft),
            )
        ]
        with torch.enable_grad():
            self._made = self._mixture.blocks(*self._leaves)
        made = self._blocks.join(self._made.detach())
        with torch.no_grad():
            for weight, values in zip(self.weights, made, strict=True):
                weight.copy_(values)
        self._written = modules.changes

    def pull_back(self) -> list[Tensor]:
        """Take the gradient of the weights to what they are made of, which is returned.

        The gradients of the pool are there then, for whoever bounds them.
        """
        found = [torch.zeros_like(w) if w.grad is None else w.grad for w in self.weights]
        leaves = [leaf for leaf in self._leaves if leaf.requires_grad]
        gradients = torch.autograd.grad(
            self._made, leaves, self._blocks.cut(found), retain_graph=True, allow_unused=True
        )
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = torch.zeros_like(leaf) if gradient is None else gradient
        for weight in self.weights:
            weight.grad = None
        return leaves

    def step(self, rate: float, decay: float) -> None:
        """Let modules, contexts and soft weights learn from this network's batch."""
        part, optimizers = self.locations, self.optimizers
        rows = torch.arange(part.start, part.stop, device=self._mixture.modules.device)
        pool, contexts, soft = (leaf.grad for leaf in self._leaves)
        assert pool is not None
        assert soft is not None
        rate *= self._factor
        optimizers.pool.step(self._mixture.modules, pool, rate, decay)
        if contexts is not None:
            optimizers.contexts.step(rows, contexts, rate)
        searched = self._mixture.searched
        if bool(searched.any()):
            optimizers.soft.step(rows[searched], soft[searched], self._soft_rate)
        self.modules.changes += 1
        self.write()
