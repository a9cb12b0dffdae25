"""Training: the loop, its settings and its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioassay_mtl.training.fit import train

__all__ = ["train"]


def __getattr__(name: str) -> Any:
    # Settings are read (by --print-config, say) without the seconds that PyTorch takes to import.
    if name == "train":
        from bioassay_mtl.training.fit import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
