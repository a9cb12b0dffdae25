"""Start of a network, beyond what is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.nn.inputs import InputLinear
from bioassay_mtl.nn.network import Network


@torch.no_grad()
def start_without_absent_columns(
    network: Network, blocks: Mapping[str, Block], rows: NDArray[np.int64]
) -> None:
    """Let positions of a fingerprint that no training molecule sets say nothing.

    Nothing is ever learned of them: as they were drawn, they would be noise in the predictions of
    molecules that set them, and there is one in most molecules unlike those of a small panel.

    Parameters
    ----------
    network
        Network as it was drawn; changed.
    blocks
        Features of all rows by input name.
    rows
        Rows that are trained on.
    """
    absent = {
        name: torch.from_numpy(absent_columns(block.take(rows)))
        for name, block in blocks.items()
        if isinstance(block, (PackedBits, SparseCounts))
    }
    for module in network.modules():
        if isinstance(module, InputLinear):
            for name, table in module.tables.items():
                if name in absent:
                    table[absent[name].to(table.device)] = 0.0


def absent_columns(block: PackedBits | SparseCounts) -> NDArray[np.int64]:
    """Positions that are 0 in all rows, ascending."""
    present = np.zeros(block.n_features, dtype=np.bool_)
    present[block.sparse_rows().indices] = True
    return np.flatnonzero(~present)
