"""Feature blocks kept where the network runs, and batches taken from them by row index."""

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
from bioassay_mtl.nn.rows import Offsets, RowIndices, on_device
from bioassay_mtl.registry import Registry

READ_BYTES = 64_000_000
"""Bytes of an array of graphs on disk that are in memory at a time on their way to a device."""


class ResidentBlock(Protocol):
    """All molecules' features under one input, on one device."""

    def batch(self, rows: Tensor) -> Input:
        """Batch that the network reads, of some rows (``(B,) int64``)."""
        ...


class RaggedBlock:
    """One whose rows own as many entries as they have; it can be told how many those are."""

    def batch(self, rows: RowIndices) -> Input:
        """See :meth:`ResidentBlock.batch`."""
        raise NotImplementedError


def batch_of(block: ResidentBlock, rows: RowIndices) -> Input:
    """Batch that the network reads, made without asking the device where that is possible."""
    return block.batch(rows) if isinstance(block, RaggedBlock) else block.batch(on_device(rows))


residents: Registry[Callable[[Any, torch.device], ResidentBlock]] = Registry("container")
"""Map from a block and a device to what stays there, by the kind of the block."""


class HostBlock:
    """Blocks on the CPU, as they are; batches are sparse rows."""

    def __init__(self, block: PackedBits | SparseCounts) -> None:
        self.block = block

    def batch(self, rows: Tensor) -> Input:
        taken = self.block.take(rows.numpy())
        return SparseInput(taken.sparse_rows(), self.block.n_features)


class DeviceBits:
    """Bits on an accelerator, packed and unpacked, a byte each, a batch at a time."""

    def __init__(self, block: PackedBits, device: torch.device) -> None:
        self.packed = torch.from_numpy(np.ascontiguousarray(block.packed)).to(device)
        self.shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=device)
        self.n_features = block.n_features

    def batch(self, rows: Tensor) -> Input:
        packed = self.packed[rows][:, :, None]
        bits = packed.bitwise_right_shift(self.shifts).bitwise_and(1)
        return bits.flatten(1)[:, : self.n_features]


class DeviceCounts(RaggedBlock):
    """Counts on an accelerator, sparse and spread out a batch at a time."""

    def __init__(self, block: SparseCounts, device: torch.device) -> None:
        self.offsets = Offsets(block.offsets, device)
        self.indices = torch.from_numpy(block.indices.astype(np.int32)).to(device)
        self.counts = torch.from_numpy(block.counts).to(device)
        self.table = torch.from_numpy(count_table(block.scale)).to(device)
        self.n_features = block.n_features

    def batch(self, rows: RowIndices) -> Input:
        source, row, _ = self.offsets.owned(rows)
        dense = torch.zeros(len(rows), self.n_features, device=row.device)
        dense[row, self.indices[source].long()] = self.table[self.counts[source].long()]
        return dense


@residents.register("values")
class DenseRows:
    """Real numbers on any device, as they are."""

    def __init__(self, block: DenseBlock, device: torch.device) -> None:
        if not block.standard:
            raise ValueError("a network reads a dense block in its standard form: Model.inputs")
        self.values = torch.from_numpy(np.ascontiguousarray(block.values)).to(device)

    def batch(self, rows: Tensor) -> Input:
        return self.values[rows]


class HostGraphs:
    """Graphs on the CPU, as they are (on disk, if they are); a batch takes some of them."""

    def __init__(self, block: GraphBlock) -> None:
        self.block = block
        self.size = block.input_size

    def batch(self, rows: Tensor) -> Input:
        taken = self.block.take(rows.numpy())
        arrays = (taken.atoms, taken.reals, taken.ends.astype(np.int64), taken.bonds)
        counts = np.diff(taken.atom_offsets), np.diff(taken.bond_offsets)
        return graph_input(self.size, *map(torch.from_numpy, (*arrays, *counts)))


class DeviceGraphs(RaggedBlock):
    """Graphs on an accelerator, all of them; a batch is index arithmetic."""

    def __init__(self, block: GraphBlock, device: torch.device) -> None:
        self.size = block.input_size
        self.atoms, self.reals = (_on(array, device) for array in (block.atoms, block.reals))
        self.ends, self.bonds = _on(block.ends, device, np.int32), _on(block.bonds, device)
        self.atom_offsets = Offsets(block.atom_offsets, device)
        self.bond_offsets = Offsets(block.bond_offsets, device)

    def batch(self, rows: RowIndices) -> Input:
        atom, _, n_atoms = self.atom_offsets.owned(rows)
        bond, _, n_bonds = self.bond_offsets.owned(rows)
        arrays = (self.atoms[atom], self.reals[atom], self.ends[bond], self.bonds[bond])
        return graph_input(self.size, *arrays, n_atoms, n_bonds)


def _on(array: NDArray[Any], device: torch.device, dtype: type[np.generic] | None = None) -> Tensor:
    """An array on a device; one that is on disk is read some rows at a time."""
    step = max(1, READ_BYTES // max(1, array[:1].nbytes))
    if len(array) <= step:
        return torch.from_numpy(np.array(array, dtype)).to(device)
    first = torch.from_numpy(np.array(array[:step], dtype))
    found = torch.empty(array.shape, dtype=first.dtype, device=device)
    for start in range(0, len(array), step):
        some = np.array(array[start : start + step], dtype)
        found[start : start + step].copy_(torch.from_numpy(some))
    return found


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
