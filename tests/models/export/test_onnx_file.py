"""ONNX Runtime predicts what the model does, for any number of molecules."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl._version import __version__
from bioassay_mtl.errors import ExportError, MissingExtraError, OutputError
from bioassay_mtl.models.export import export, feed, onnx_file
from bioassay_mtl.models.model import Model
from tests.needs import extra
from tests.nn.dense_models import every_model

extra("onnx", "onnx")
runtime = extra("onnxruntime", "onnx")
extra("onnxscript", "onnx")
MODELS = every_model()
EXPORTED = [
    "ensemble",
    "linear-linear",
    "low_rank-mlp",
    "shared_bottom",
    "task_embedding-per_expert",
]
"""Every gate, tower and architecture: the ensemble is of uniform gates and an MMoE, and the model
of one input has static gates."""


def session(data: bytes | Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    given = data if isinstance(data, bytes) else str(data)
    return runtime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def assert_equal(model: Model, data: bytes, smiles: list[str]) -> None:
    """Predictions of real molecules agree: values to 1e-5 of their spread."""
    features = model.featurize(smiles)
    features = features.take(np.flatnonzero(features.ok))
    raw, expected = feed(features), model.predict_features(features)
    running = session(data)
    unit = np.ones(expected.shape[1])
    if model.target_scaler is not None:
        widths = [len(kind.columns("")) for kind in model.kinds]
        unit = np.repeat(model.target_scaler.scale, widths)
    for n in (len(features), 1, 0):
        (found,) = running.run(["predictions"], {name: rows[:n] for name, rows in raw.items()})
        assert found.dtype == np.float32
        assert found.shape == (n, len(model.columns))
        np.testing.assert_allclose(found / unit, expected[:n] / unit, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        EXPORTED[1],
        *(pytest.param(name, marks=pytest.mark.soak) for name in EXPORTED if name != EXPORTED[1]),
    ],
)
def test_every_architecture_and_kind_of_task(name: str, nci_smiles: list[str]) -> None:
    made = export(MODELS[name], "onnx")
    assert made.difference <= 1e-5
    assert_equal(MODELS[name], made.data, nci_smiles[:300])


@pytest.mark.soak
def test_the_shipped_model_into_a_file(tmp_path: Path, nci_smiles: list[str]) -> None:
    model = Model.load("pcba128")
    path = model.export(tmp_path / "pcba128.onnx")
    assert_equal(model, path.read_bytes(), nci_smiles[:1000])
    assert [each.name for each in tmp_path.iterdir()] == ["pcba128.onnx"]
    with pytest.raises(OutputError, match="exists"):
        model.export(path)


def test_the_file_says_what_it_reads_and_predicts(nci_smiles: list[str]) -> None:
    model = MODELS["one-input"]
    data = export(model).data
    assert_equal(model, data, nci_smiles[:300])
    running = session(data)
    (read,), (given,) = running.get_inputs(), running.get_outputs()
    assert (read.name, read.type, read.shape[1]) == ("bits", "tensor(uint8)", 256)
    assert isinstance(read.shape[0], str)
    assert (given.name, given.type, given.shape[1]) == ("predictions", "tensor(float)", 3)
    held = running.get_modelmeta().custom_metadata_map
    assert held["name"] == "model"
    assert held["bioassay_mtl_version"] == __version__
    facts = {name: json.loads(held[name]) for name in set(held) - {"name", "bioassay_mtl_version"}}
    assert facts["columns"] == facts["tasks"] == ["task0", "task1", "task2"]
    assert facts["kinds"] == [{"kind": "binary"}] * 3
    assert facts["inputs"] == [
        {
            "name": "bits",
            "dtype": "uint8",
            "n_columns": 256,
            "meaning": "1 where the bit is set, else 0",
        }
    ]
    assert facts["featurizer"] == model.featurizer.config()
    assert facts["featurizer_versions"] == model.featurizer.versions()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> Any:
        if name == "onnxscript":
            raise ImportError(name)
        return import_module(name)

    monkeypatch.setattr(onnx_file, "import_module", refused)
    with pytest.raises(MissingExtraError, match=r"onnxscript is not .*bioassay-mtl\[onnx\]"):
        export(MODELS["one-input"])


def test_what_onnx_cannot_say_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no such operation\nand forty lines more")

    monkeypatch.setattr(torch.onnx, "export", refused)
    with pytest.raises(ExportError) as caught:
        export(MODELS["one-input"])
    assert str(caught.value) == (
        "the network cannot be written as ONNX: RuntimeError: no such operation"
    )


def test_a_file_beyond_the_limit_is_refused() -> None:
    large = SimpleNamespace(ByteSize=lambda: 2**31)
    with pytest.raises(ExportError, match=r"takes 2\.1 GB, and a file of ONNX holds 2 GB"):
        onnx_file._serialized(large)
