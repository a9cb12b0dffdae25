"""``export`` writes a checked file, or nothing and the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run
from tests.needs import extra

runtime = extra("onnxruntime", "onnx")
extra("onnxscript", "onnx")


@pytest.mark.soak
def test_a_model_becomes_a_file(cli: Run, model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny.onnx"
    done = cli("export", model_folder, "--format", "onnx", "--out", out)
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[:2] == [
        "input morgan: (n, 256) uint8, 1 where the bit is set, else 0",
        "input torsion: (n, 2048) uint8, the count, at most 255",
    ]
    assert f"of the model on 32 molecules -> {out}" in done.err
    session = runtime.InferenceSession(out, providers=["CPUExecutionProvider"])
    assert json.loads(session.get_modelmeta().custom_metadata_map["columns"])[0] == "PCBA-1"
    rows = {each.name: np.zeros((3, each.shape[1]), np.uint8) for each in session.get_inputs()}
    assert session.run(None, rows)[0].shape == (3, 5)
    again = cli("export", model_folder, "--out", out)
    assert again.code == 2
    assert "--overwrite replaces it" in again.err


def test_a_model_of_graphs_is_refused(cli: Run, tmp_path: Path) -> None:
    out = tmp_path / "mix.onnx"
    done = cli("export", "pcba128-mix", "--out", out)
    assert done.code == 2
    assert done.err.startswith("error: the model reads molecular graphs ('graph')")
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused_at_once(cli: Run, tmp_path: Path) -> None:
    done = cli("export", "no such model", "--format", "onxn", "--out", tmp_path / "x")
    assert done.code == 2
    assert done.err == "error: unknown export format 'onxn' (did you mean 'onnx'?)\n"
