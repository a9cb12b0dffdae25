"""Evidence of predictions out of sight, in a model folder: ``evidence.safetensors``.

Counts of cells at the places of the grid that have any, one assay after another, and half widths of
intervals of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bioassay_mtl.confidence.evidence import LEVELS, Evidence
from bioassay_mtl.confidence.grid import N_PLACES, ScoreCounts
from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.companions import Companion, companions

EVIDENCE = "evidence.safetensors"


@companions.register("evidence")
class EvidenceCompanion(Companion[Evidence]):
    """Read when it is asked for."""

    files = (EVIDENCE,)
    is_big = True

    def write(self, held: Evidence, folder: Path) -> None:
        from safetensors.numpy import save

        counts = held.counts
        task, place = np.nonzero(counts.active + counts.inactive)
        tensors = {
            "task": task.astype(np.uint32),
            "place": place.astype(np.uint16),
            "inactive": counts.inactive[task, place].astype(np.uint32),
            "active": counts.active[task, place].astype(np.uint32),
            "half_widths": held.half_widths.astype(np.float32),
        }
        (folder / EVIDENCE).write_bytes(save(tensors))

    def record(self, held: Evidence) -> dict[str, Any]:
        return {"rows": held.rows, "levels": list(LEVELS)}

    def read(self, folder: Path, config: Mapping[str, Any]) -> Evidence:
        from safetensors.numpy import load

        path, n_tasks = folder / EVIDENCE, len(config["tasks"])
        found = load(path.read_bytes())
        task, place = found["task"].astype(np.int64), found["place"].astype(np.int64)
        widths = found["half_widths"].astype(np.float64)
        if widths.shape != (n_tasks, len(LEVELS)) or np.isnan(widths).any() or (widths < 0).any():
            raise ModelFolderError(f"{path}: half widths of all assays at {LEVELS} are expected")
        if (task >= n_tasks).any() or (place >= N_PLACES).any():
            raise ModelFolderError(f"{path}: it counts cells of assays that there are not")
        every = np.zeros((2, n_tasks, N_PLACES), np.int64)
        every[0, task, place], every[1, task, place] = found["inactive"], found["active"]
        return Evidence(ScoreCounts(*every), widths, config["beside"]["evidence"]["rows"])
