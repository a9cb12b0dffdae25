"""Feature blocks kept where the network runs, and batches taken from them by row number."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from bioassay_mtl.chem.features import PackedBits, SparseCounts, count_table
from bioassay_mtl.nn.inputs import Input, SparseInput


class ResidentBlock(Protocol):
    """All molecules' features under one fingerprint, on one device."""

    def batch(self, rows: Tensor) -> Input:
        """What the network reads for some rows (``(B,) int64``)."""
        ...


class HostBlock:
    """On the CPU: blocks stay as they are, batches are sparse rows."""

    def __init__(self, block: PackedBits | SparseCounts) -> None:
        self.block = block

    def batch(self, rows: Tensor) -> Input:
        return SparseInput(self.block.take(rows.numpy()).sparse_rows(), self.block.n_features)


class DeviceBits:
    """On an accelerator: bits stay packed and are unpacked a batch at a time."""

    def __init__(self, block: PackedBits, device: torch.device) -> None:
        self.packed = torch.from_numpy(np.ascontiguousarray(block.packed)).to(device)
        self.shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=device)
        self.n_features = block.n_features

    def batch(self, rows: Tensor) -> Input:
        bits = self.packed[rows][:, :, None].bitwise_right_shift(self.shifts).bitwise_and(1)
        return bits.flatten(1)[:, : self.n_features].float()


class DeviceCounts:
    """On an accelerator: counts stay sparse and are spread out a batch at a time."""

    def __init__(self, block: SparseCounts, device: torch.device) -> None:
        self.offsets = torch.from_numpy(block.offsets).to(device)
        self.indices = torch.from_numpy(block.indices.astype(np.int32)).to(device)
        self.counts = torch.from_numpy(block.counts).to(device)
        self.table = torch.from_numpy(count_table(block.scale)).to(device)
        self.n_features = block.n_features

    def batch(self, rows: Tensor) -> Input:
        start, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        row = torch.repeat_interleave(lengths)
        within = torch.arange(len(row), device=row.device) - (lengths.cumsum(0) - lengths)[row]
        source = start[row] + within
        dense = torch.zeros(len(rows), self.n_features, device=row.device)
        dense[row, self.indices[source].long()] = self.table[self.counts[source].long()]
        return dense


def resident(block: PackedBits | SparseCounts, device: torch.device) -> ResidentBlock:
    """The fitting kind for a device."""
    if device.type == "cpu":
        return HostBlock(block)
    return (
        DeviceBits(block, device) if isinstance(block, PackedBits) else DeviceCounts(block, device)
    )
