"""The calibration of a model, in its folder: ``calibration.json``.

Probabilities are other ones without it: folders that have it say so by their format version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.companions import Companion, companions
from bioassay_mtl.models.folder_checks import read_json

if TYPE_CHECKING:
    from torch import Tensor

    from bioassay_mtl.nn.outputs import Outputs

CALIBRATION = "calibration.json"


def calibrated(outputs: Tensor, calibration: Calibration | None, of: Outputs) -> Tensor:
    """Outputs ``(B, O)`` of a network as predictions are made of them."""
    if calibration is None:
        return outputs
    import torch

    numbers = torch.from_numpy(calibration.numbers).to(outputs)[of.owner.to(outputs.device)]
    return outputs * numbers[:, 0] + numbers[:, 1]


@companions.register("calibration")
class CalibrationCompanion(Companion[Calibration]):
    """Slope and offset by task, what they were fitted on, and what that was worth."""

    files = (CALIBRATION,)
    changes_predictions = True

    def write(self, held: Calibration, folder: Path) -> None:
        lists = {name: each.tolist() for name, each in asdict(held).items() if name in _NUMBERS}
        text = json.dumps(asdict(held) | lists, indent=1, allow_nan=False)
        (folder / CALIBRATION).write_text(text + "\n")

    def read(self, folder: Path, config: Mapping[str, Any]) -> Calibration:
        path = folder / CALIBRATION
        said = read_json(path, "a model's calibration")
        slope, offset = (np.array(said[name], np.float64) for name in _NUMBERS)
        if not (slope.shape == offset.shape == (len(config["tasks"]),)):
            raise ModelFolderError(f"{path}: a slope and an offset for each assay are expected")
        if not (np.isfinite(slope).all() and np.isfinite(offset).all() and (slope > 0).all()):
            raise ModelFolderError(f"{path}: slopes must be above 0, and all numbers finite")
        losses = (float(said[name]) for name in ("log_loss_before", "log_loss_after"))
        return Calibration(slope, offset, str(said["rows"]), *losses)


_NUMBERS = ("slope", "offset")
