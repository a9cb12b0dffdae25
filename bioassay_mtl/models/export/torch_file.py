"""PyTorch's exported programs (``.pt2``): for C++, and for compilers ahead of time."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.models.export.base import Export, Feed, checked, exporters, traced

if TYPE_CHECKING:
    from bioassay_mtl.models.computing import Computing


@exporters.register("torch")
def to_torch(model: Computing) -> Export:
    """Bytes that ``torch.export.load`` reads; its module takes the inputs in their order."""
    written = BytesIO()
    torch.export.save(traced(model), written)
    module = torch.export.load(BytesIO(written.getvalue())).module()

    def run(arrays: Feed) -> NDArray[np.float32]:
        with torch.no_grad():
            found: NDArray[np.float32] = module(*map(torch.from_numpy, arrays.values())).numpy()
        return found

    return checked(model, written.getvalue(), run)
