"""bioassay_mtl: how a molecule behaves in many biological assays at once.

>>> import bioassay_mtl as bm
>>> model = bm.load()
>>> model.predict(["CCO", "not a molecule"])["status"].tolist()
['ok', 'invalid_smiles']
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl import moved
from bioassay_mtl._version import __version__

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.panels.panel import Panel
    from bioassay_mtl.panels.read import read_panel
    from bioassay_mtl.training.config import TrainingConfig
    from bioassay_mtl.training.cross_validation import cross_validate
    from bioassay_mtl.training.dimension import intrinsic_dimension
    from bioassay_mtl.training.ensemble import train_ensemble
    from bioassay_mtl.training.fit import train
    from bioassay_mtl.training.together.fit import train_together
    from bioassay_mtl.training.tuning import train_tuned as tune

__all__ = [
    "Model",
    "Panel",
    "TrainingConfig",
    "__version__",
    "cross_validate",
    "intrinsic_dimension",
    "load",
    "read_panel",
    "train",
    "train_ensemble",
    "train_together",
    "tune",
]

_HOMES = {
    "Model": "bioassay_mtl.models.model.Model",
    "Panel": "bioassay_mtl.panels.panel.Panel",
    "TrainingConfig": "bioassay_mtl.training.config.TrainingConfig",
    "cross_validate": "bioassay_mtl.training.cross_validation.cross_validate",
    "intrinsic_dimension": "bioassay_mtl.training.dimension.intrinsic_dimension",
    "read_panel": "bioassay_mtl.panels.read.read_panel",
    "train": "bioassay_mtl.training.fit.train",
    "train_ensemble": "bioassay_mtl.training.ensemble.train_ensemble",
    "train_together": "bioassay_mtl.training.together.fit.train_together",
    "tune": "bioassay_mtl.training.tuning.train_tuned",
}


moved.install()


def load(name_or_folder: str | Path = "pcba128-fast", device: str = "cpu") -> Model:
    """A shipped model by name, or any model folder.

    Raises
    ------
    ModelFolderError
        There is no such model, or it is incomplete, altered, or needs another version.
    """
    model: Model = __getattr__("Model").load(name_or_folder, device=device)
    return model


def __getattr__(name: str) -> Any:
    # Imported where used: `import bioassay_mtl` and the command line's help stay instant.
    if name in _HOMES:
        from importlib import import_module

        module, _, attribute = _HOMES[name].rpartition(".")
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
