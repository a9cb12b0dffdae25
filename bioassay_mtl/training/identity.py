"""Identity of a run."""

from __future__ import annotations

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.renamed import under_former_kinds
from bioassay_mtl.splits import Split
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.warm_start import WarmStart


def run_identity(
    panel: Panel,
    config: TrainingConfig,
    parts: Split,
    start: WarmStart | None,
    weights: NDArray[np.float32] | None = None,
) -> str:
    """Hash of all that decides the result of a run.

    Settings have their former names and kinds in it, so that runs that began under these go on.
    """
    digest = hashlib.sha256(panel.digest().encode())
    settings = under_former_kinds(config.model_dump(mode="json"))
    digest.update(json.dumps(settings, sort_keys=True).encode())
    for rows in (parts.train, parts.valid):
        digest.update(rows.tobytes())
    if start is not None:
        digest.update(start.sha256.encode())
    if weights is not None:
        digest.update(weights.tobytes())
    return digest.hexdigest()
