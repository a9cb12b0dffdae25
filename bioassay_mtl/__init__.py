"""bioassay_mtl: how a molecule behaves in many biological assays at once.

>>> import bioassay_mtl as bm
>>> model = bm.load("pcba128")  # doctest: +SKIP
>>> model.predict(["CCO", "c1ccccc1O"])  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl._version import __version__

if TYPE_CHECKING:
    from bioassay_mtl.data.panel import Panel
    from bioassay_mtl.nn.model import Model
    from bioassay_mtl.training.config import TrainingConfig
    from bioassay_mtl.training.cross_validation import cross_validate
    from bioassay_mtl.training.fit import train

__all__ = ["Model", "Panel", "TrainingConfig", "__version__", "cross_validate", "load", "train"]

_HOMES = {
    "Model": "bioassay_mtl.nn.model",
    "Panel": "bioassay_mtl.data.panel",
    "TrainingConfig": "bioassay_mtl.training.config",
    "cross_validate": "bioassay_mtl.training.cross_validation",
    "train": "bioassay_mtl.training.fit",
}


def load(name_or_folder: str | Path = "pcba128", device: str = "cpu") -> Model:
    """A shipped model by name, or any model folder.

    Raises
    ------
    ModelFolderError
        There is no such model, or it is incomplete, altered, or needs another version.
    """
    from bioassay_mtl.nn.model import Model

    return Model.load(name_or_folder, device=device)


def __getattr__(name: str) -> Any:
    # Imported where used: `import bioassay_mtl` and the command line's help stay instant.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
