"""The contract of random expansions, and their registry."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import Registry

expansions: Registry[type[Expansion]] = Registry(
    "expansion",
    homes={
        "dense": "bioassay_mtl.nn.expansions.dense",
        "kronecker": "bioassay_mtl.nn.expansions.kronecker",
        "kronecker_orthonormal": "bioassay_mtl.nn.expansions.kronecker",
        "fastfood": "bioassay_mtl.nn.expansions.fastfood",
    },
)


class Expansion(nn.Module):
    """Fixed random matrices ``P (D, l)``, whose columns have length 1 in the mean.

    They are made from a seed, and are in no file: all buffers of an expansion are left out of the
    weights of a model.

    Parameters
    ----------
    n_rows, n_columns
        D and l.
    seed
        Seed that the matrices depend on.
    copies
        1: one matrix for all vectors; or as many as vectors, one for each.

    Raises
    ------
    ConfigError
        There are more columns than rows.
    """

    is_orthonormal: ClassVar[bool] = False
    """Whether columns are exactly orthonormal."""

    def __init__(self, n_rows: int, n_columns: int, seed: int = 0, copies: int = 1) -> None:
        super().__init__()
        if n_columns > n_rows:
            raise ConfigError(
                f"an expansion makes more numbers of few: {n_columns:,} numbers were given for "
                f"{n_rows:,} weights (choose fewer)"
            )
        self.n_rows, self.n_columns, self.seed, self.copies = n_rows, n_columns, seed, copies

    def forward(self, vectors: Tensor) -> Tensor:
        """``P_i w_i (k, D)`` of vectors ``w (k, l)``."""
        raise NotImplementedError

    def matrix(self) -> Tensor:
        """``(copies, D, l)``: the matrices themselves, for tests and small networks."""
        unit = torch.eye(self.n_columns, dtype=torch.float64)
        columns = [self(row.expand(self.copies, -1)) for row in unit]
        return torch.stack(columns, dim=2)
