"""The pool of modules that blocks are made of, and which of them each location uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Hypermodules(nn.Module):
    """``B_l = sum_i w_li sum_j z_lj H_(psi_i(l), j)`` for L locations and K modules.

    Each ``H_k (c, m, n)`` is a hypermodule, ``z_l (c,)`` the context of a location, and psi its
    alignment. Outside a generation each location has one module, ``w_l = 1``; inside, those that
    are searched mix their own and lambda challengers by ``w_l = softmax(s_l)``.

    Parameters
    ----------
    fan_in
        ``(L,)``: inputs of each location's layer. Contexts begin at ``sqrt(2 / fan_in)`` and
        modules as N(0, 1 / c), so that blocks have the variance of He et al.
        (https://arxiv.org/abs/1502.01852).
    block
        (m, n).
    n_modules
        K; with K = L, nothing is shared at first, with fewer, locations are dealt out at random.
    contexts
        c; 0 for modules that are used as they are.
    challengers
        Lambda.
    draws
        Source of random numbers.

    Attributes
    ----------
    candidates
        ``(L, 1 + lambda) int64``: modules of each location, first its own.
    searched
        ``(L,) bool``: locations whose challengers have a part now.
    soft
        ``(L, 1 + lambda)``: s.
    generation
        Generations that have begun.
    changes, realigned
        Number of changes of anything, and of the candidates: what was made before is stale.
    """

    candidates: Tensor
    searched: Tensor
    generation: Tensor

    def __init__(
        self,
        fan_in: Tensor,
        block: tuple[int, int],
        n_modules: int,
        contexts: int,
        challengers: int,
        draws: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        n, width = len(fan_in), max(1, contexts)
        alignment = torch.arange(n) % n_modules
        if n_modules < n:
            alignment = alignment[torch.randperm(n, generator=draws)]
        he = (2 / fan_in.to(dtype)).sqrt()
        pool = torch.randn(n_modules, width, *block, generator=draws, dtype=dtype) / width**0.5
        if not contexts:  # the scale is the module's: that of some location that uses it
            scale = torch.empty(n_modules, dtype=dtype).index_copy_(0, alignment, he)
            pool, he = pool * scale[:, None, None, None], torch.ones_like(he)
        self.pool = nn.Parameter(pool)
        self.contexts = nn.Parameter(he[:, None].repeat(1, width), requires_grad=contexts > 0)
        self.soft = nn.Parameter(torch.zeros(n, 1 + challengers, dtype=dtype))
        self.register_buffer("candidates", alignment[:, None].repeat(1, 1 + challengers))
        self.register_buffer("searched", torch.zeros(n, dtype=torch.bool))
        self.register_buffer("generation", torch.zeros((), dtype=torch.int64))
        self.changes = self.realigned = 0

    @property
    def alignment(self) -> Tensor:
        """``(L,) int64``: psi, the module of each location."""
        return self.candidates[:, 0]

    @property
    def n_modules(self) -> int:
        """K."""
        return len(self.pool)

    def mixture(self, start: int = 0, stop: int | None = None) -> Mixture:
        """Mixture that makes the blocks of some locations, now."""
        candidates, searched = self.candidates[start:stop], self.searched[start:stop]
        chosen = torch.ones_like(candidates, dtype=torch.bool)
        chosen[:, 1:] = searched[:, None]
        modules, row = torch.unique(candidates[chosen], return_inverse=True)
        location = torch.arange(len(candidates), device=modules.device)
        return Mixture(modules, row, location[:, None].expand_as(chosen)[chosen], chosen, searched)

    def blocks(self, start: int = 0, stop: int | None = None) -> Tensor:
        """``(L, m, n)`` of some locations, differentiable in all that learns."""
        mixture = self.mixture(start, stop)
        return mixture.blocks(
            self.pool[mixture.modules], self.contexts[start:stop], self.soft[start:stop]
        )

    def begin(self, locations: Tensor, challengers: Tensor, alpha: float | None) -> None:
        """Let some locations try challengers.

        Parameters
        ----------
        locations
            ``(S,)``, each once.
        challengers
            ``(S, lambda)`` modules.
        alpha
            First weight of all challengers together; None for all alike.
        """
        self.candidates[locations, 1:] = challengers
        self.searched[locations] = True
        with torch.no_grad():
            self.soft[locations] = start_of(challengers.shape[1], alpha).to(self.soft)
        self.generation += 1
        self.realign()

    @torch.no_grad()
    def settle(self) -> Tensor:
        """Give each searched location the module that weighs most; ``(S,) bool``: which changed.

        Weights of equal modules are added up; of two that weigh the same, the first one stays.
        """
        locations = self.searched.nonzero()[:, 0]
        candidates = self.candidates[locations]
        weights = torch.softmax(self.soft[locations], dim=1)
        same = candidates[:, :, None] == candidates[:, None]
        total = (same * weights[:, None]).sum(dim=2)
        # Sums of the same weights in another order differ in their last digit.
        is_most = total >= total.amax(dim=1, keepdim=True) * (1 - 1e-6)
        best = candidates.gather(1, is_most.int().argmax(dim=1, keepdim=True))[:, 0]
        changed = best != candidates[:, 0]
        self.candidates[locations] = best[:, None].expand_as(candidates)
        self.searched.zero_()
        self.realign()
        return changed

    def realign(self) -> None:
        """Let all that was made of an earlier state be stale."""
        self.changes += 1
        self.realigned += 1


class Mixture(NamedTuple):
    """Pairs of a location and one of its candidates, location after location.

    Attributes
    ----------
    modules
        ``(R,)``: the modules that have a part, ascending.
    row
        ``(P,)``: the place among these of each pair's.
    location
        ``(P,)``: position of each pair's.
    chosen
        ``(L, 1 + lambda) bool``: candidates that have a part.
    searched
        ``(L,) bool``.
    """

    modules: Tensor
    row: Tensor
    location: Tensor
    chosen: Tensor
    searched: Tensor

    def blocks(self, pool: Tensor, contexts: Tensor, soft: Tensor) -> Tensor:
        """``pool (R, c, m, n), contexts (L, c), soft (L, 1 + lambda) -> (L, m, n)``.

        One weighted sum of rows of the pool: no location is treated by itself, and no
        ``(L, 1 + lambda, c, m, n)`` is formed.
        """
        weights = torch.where(self.searched[:, None], torch.softmax(soft, dim=1), 1.0)[self.chosen]
        factors = weights[:, None] * contexts[self.location]
        width = pool.shape[1]
        places = self.row[:, None] * width + torch.arange(width, device=pool.device)
        begins = functional.pad(self.chosen.sum(dim=1).cumsum(0)[:-1] * width, (1, 0))
        flat = functional.embedding_bag(
            places.flatten(),
            pool.flatten(2).flatten(0, 1),
            begins,
            mode="sum",
            per_sample_weights=factors.flatten(),
        )
        blocks: Tensor = flat.unflatten(1, pool.shape[2:])
        return blocks


def start_of(challengers: int, alpha: float | None) -> Tensor:
    """``(1 + lambda,)`` soft weights at first: 0, and ``ln(alpha / (lambda (1 - alpha)))``."""
    soft = torch.zeros(1 + challengers, dtype=torch.float64)
    if alpha is not None and challengers:
        soft[1:] = torch.tensor(alpha / (challengers * (1 - alpha)), dtype=torch.float64).log()
    return soft


def usage(modules: Hypermodules, parts: Sequence[slice]) -> Tensor:
    """``(parts, K) int64``: how many locations of each part use each module."""
    return torch.stack(
        [modules.alignment[part].bincount(minlength=modules.n_modules) for part in parts]
    )
