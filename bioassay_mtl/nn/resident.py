"""Feature blocks kept where the network runs, and batches taken from them by row number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.features import PackedBits, SparseCounts, count_table
from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.nn.graphs.input import graph_input
from bioassay_mtl.nn.inputs import Input, SparseInput
from bioassay_mtl.registry import Registry


class ResidentBlock(Protocol):
    """All molecules' features under one input, on one device."""

    def batch(self, rows: Tensor) -> Input:
        """What the network reads for some rows (``(B,) int64``)."""
        ...


residents: Registry[Callable[[Any, torch.device], ResidentBlock]] = Registry("container")
"""From a block and a device to what stays there, by the kind of the block."""


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
        source, lengths = owned(self.offsets, rows)
        row = torch.repeat_interleave(lengths)
        dense = torch.zeros(len(rows), self.n_features, device=row.device)
        dense[row, self.indices[source].long()] = self.table[self.counts[source].long()]
        return dense


@residents.register("values")
class DenseRows:
    """On any device: real numbers, as they are."""

    def __init__(self, block: DenseBlock, device: torch.device) -> None:
        if not block.standard:
            raise ValueError("a network reads a dense block in its standard form: Model.inputs")
        self.values = torch.from_numpy(np.ascontiguousarray(block.values)).to(device)

    def batch(self, rows: Tensor) -> Input:
        return self.values[rows]


class HostGraphs:
    """On the CPU: graphs stay as they are (on disk, if they are), a batch takes some of them."""

    def __init__(self, block: GraphBlock) -> None:
        self.block = block
        self.size = block.input_size

    def batch(self, rows: Tensor) -> Input:
        taken = self.block.take(rows.numpy())
        arrays = (taken.atoms, taken.reals, taken.ends.astype(np.int64), taken.bonds)
        counts = np.diff(taken.atom_offsets), np.diff(taken.bond_offsets)
        return graph_input(self.size, *map(torch.from_numpy, (*arrays, *counts)))


class DeviceGraphs:
    """On an accelerator: all graphs are there, and a batch is index arithmetic."""

    def __init__(self, block: GraphBlock, device: torch.device) -> None:
        self.size = block.input_size
        arrays = (block.atoms, block.reals, block.ends.astype(np.int32), block.bonds)
        self.atoms, self.reals, self.ends, self.bonds = (_on(array, device) for array in arrays)
        self.atom_offsets = _on(block.atom_offsets, device)
        self.bond_offsets = _on(block.bond_offsets, device)

    def batch(self, rows: Tensor) -> Input:
        atom, n_atoms = owned(self.atom_offsets, rows)
        bond, n_bonds = owned(self.bond_offsets, rows)
        arrays = (self.atoms[atom], self.reals[atom], self.ends[bond], self.bonds[bond])
        return graph_input(self.size, *arrays, n_atoms, n_bonds)


def _on(array: NDArray[Any], device: torch.device) -> Tensor:
    return torch.from_numpy(np.array(array)).to(device)


def owned(offsets: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Positions that rows own, and how many each owns."""
    start, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    row = torch.repeat_interleave(lengths)
    within = torch.arange(len(row), device=row.device) - (lengths.cumsum(0) - lengths)[row]
    return start[row] + within, lengths


@residents.register("bits")
def _bits(block: PackedBits, device: torch.device) -> ResidentBlock:
    return HostBlock(block) if device.type == "cpu" else DeviceBits(block, device)


@residents.register("counts")
def _counts(block: SparseCounts, device: torch.device) -> ResidentBlock:
    return HostBlock(block) if device.type == "cpu" else DeviceCounts(block, device)


@residents.register("graphs")
def _graphs(block: GraphBlock, device: torch.device) -> ResidentBlock:
    return HostGraphs(block) if device.type == "cpu" else DeviceGraphs(block, device)


def resident(block: Block, device: torch.device) -> ResidentBlock:
    """The fitting kind for a device."""
    return residents[block.kind](block, device)
