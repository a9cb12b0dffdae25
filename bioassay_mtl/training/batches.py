"""Training data on the device: features as they are held, labels, and batches by row number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.resident import resident
from bioassay_mtl.training.sampling import draw


class ResidentData:
    """All rows of a panel where the network is; a batch is index arithmetic.

    Parameters
    ----------
    blocks
        Features of n molecules by input name.
    labels
        ``(n, T) int8``: 1, 0, or -1 where not measured; or floating, NaN where not measured.
    device
        Where to keep them.
    bounds
        ``(n, T) int8`` of censored values; None where all are exact.
    weights
        ``(n, T)`` of the cells; None where all weigh 1.
    """

    def __init__(
        self,
        blocks: Mapping[str, Block],
        labels: NDArray[Any],
        device: torch.device,
        bounds: NDArray[np.int8] | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self.blocks = {name: resident(block, device) for name, block in blocks.items()}
        self.labels = torch.from_numpy(np.array(labels)).to(device)
        self.bounds = None if bounds is None else torch.from_numpy(np.array(bounds)).to(device)
        self.weights = None if weights is None else torch.from_numpy(np.array(weights)).to(device)

    def inputs(self, rows: Tensor) -> Inputs:
        """What the network reads for some rows (``(B,) int64``)."""
        return {name: block.batch(rows) for name, block in self.blocks.items()}

    def targets(self, rows: Tensor) -> tuple[Tensor, ...]:
        """``(B, T)`` targets, ``bool`` mask of measured cells and, where there are any, bounds.

        Where cells have weights, the mask is these, 0 where not measured.
        """
        labels = self.labels[rows]
        is_float = labels.is_floating_point()
        mask = ~labels.isnan() if is_float else labels >= 0
        if self.weights is not None:
            mask = torch.where(mask, self.weights[rows], 0.0)
        bounds = () if self.bounds is None else (self.bounds[rows],)
        return labels if is_float else labels.float(), mask, *bounds


def batch_size(given: int | None, n_rows: int) -> int:
    """Rows a step: those that are given, or about 30 steps an epoch of 32 to 1,024 rows each."""
    return given or min(1024, max(32, n_rows // 30))


def epoch_batches(
    rows: Tensor, batch_size: int, seed: int, epoch: int, weights: Tensor | None = None
) -> list[Tensor]:
    """Shuffled batches of one epoch, the same for the same seed and epoch.

    With weights (of the rows, on the CPU), as many rows are drawn in proportion to these, with
    replacement.

    A last batch under half the batch size is dropped, unless it is the only one: its noisy step
    would weigh as much as a whole one. Other rows take its place in the next epoch.
    """
    generator = torch.Generator().manual_seed(seed_of(seed, epoch))
    if weights is None:
        order = torch.randperm(len(rows), generator=generator)
    else:
        order = draw(weights, len(rows), generator)
    batches = list(rows[order.to(rows.device)].split(batch_size))
    if len(batches) > 1 and 2 * len(batches[-1]) < batch_size:
        batches.pop()
    return batches


def share(rows: Tensor, rank: int, n_ranks: int) -> Tensor:
    """Every ``n_ranks``-th row: what one of several devices takes.

    Raises
    ------
    ConfigError
        There are fewer rows than devices.
    """
    if len(rows) < n_ranks:
        raise ConfigError(
            f"devices: a batch, or the validation part, has too few molecules for {n_ranks} devices"
        )
    return rows[rank::n_ranks]


def seed_of(*numbers: int) -> int:
    """One seed from several numbers (a run's seed, an epoch, a step)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
