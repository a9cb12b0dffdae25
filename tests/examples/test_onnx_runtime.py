"""The example needs neither PyTorch nor this package, and predicts what the model does."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.models.model import Model
from tests.needs import extra

ROOT = Path(__file__).resolve().parents[2]
SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C", "C" * 300]
RUN = (
    "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
    "assert not {'torch', 'bioassay_mtl'} & set(sys.modules)"
)


@pytest.mark.soak
def test_predictions_are_those_of_the_model(tmp_path: Path) -> None:
    extra("onnxruntime", "onnx")
    extra("onnxscript", "onnx")
    model = Model.load("pcba128")
    file = model.export(tmp_path / "pcba128.onnx")
    program = [sys.executable, "-W", "error", "-c", RUN, ROOT / "examples" / "onnx_runtime.py"]
    done = subprocess.run(
        [*map(str, program), str(file), *SMILES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(io.StringIO(done.stdout), sep="\t", index_col="smiles")
    expected = model.predict(SMILES)
    assert set(expected.pop("status")) == {"ok"}
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found, expected, atol=1.1e-5)
