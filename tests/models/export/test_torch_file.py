"""PyTorch reads an exported program without this package, and predicts the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.models.export import export, feed
from tests.nn.dense_models import BITS, VALUES, dense_model, mixture

PROGRAM = """
import sys, numpy as np, torch
module = torch.export.load(sys.argv[1]).module()
raw = np.load(sys.argv[2])
np.save(sys.argv[3], module(*(torch.from_numpy(raw[name]) for name in raw.files)).detach().numpy())
assert not [name for name in sys.modules if name.startswith("bioassay_mtl")]
"""


@pytest.mark.soak
def test_another_process_predicts_the_same(tmp_path: Path, nci_smiles: list[str]) -> None:
    model = dense_model(mixture("linear", "mlp", BITS | VALUES), inputs=BITS | VALUES)
    features = model.featurize(nci_smiles[:50])
    features = features.take(np.flatnonzero(features.ok))
    paths = [tmp_path / each for each in ("model.pt2", "raw.npz", "found.npy")]
    paths[0].write_bytes(export(model, "torch").data)
    arrays: dict[str, Any] = feed(features)
    np.savez(paths[1], **arrays)
    subprocess.run([sys.executable, "-I", "-c", PROGRAM, *map(str, paths)], check=True)
    found = np.load(paths[2])
    np.testing.assert_allclose(found, model.predict_features(features), rtol=1e-5, atol=1e-5)
