"""What an exported file is made of: raw inputs in, final predictions out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.errors import ConfigError, ExportError
from bioassay_mtl.models.export import ExportedModel, export, feed, raw_inputs
from bioassay_mtl.models.export.base import Feed, checked, examples
from bioassay_mtl.models.export.exported import Ranks
from bioassay_mtl.models.scaling import FeatureScaler
from tests.nn.dense_models import BITS, dense_model, every_model, mixture

MODELS = every_model()
numbers = st.floats(-10, 10, width=32) | st.sampled_from([0.0, 1.0, 2.0])
cells = numbers | st.sampled_from([float("nan"), float("inf"), float("-inf"), -1e30, 1e30])


@given(
    st.lists(st.lists(numbers, min_size=1, max_size=90), min_size=1, max_size=3),
    st.lists(cells, min_size=1, max_size=20),
)
def test_ranks_are_those_of_the_scaling(training: list[list[float]], new: list[float]) -> None:
    longest = max(map(len, training))
    rows = np.full((longest, len(training)), np.nan, dtype=np.float32)
    for column, values in enumerate(training):
        rows[: len(values), column] = values
    scaling = FeatureScaler.fit(DenseBlock(rows), np.arange(longest))
    asked = np.tile(np.array(new, dtype=np.float32)[:, None], (1, len(training)))
    asked = np.concatenate([asked, rows])  # the quantiles themselves, too
    found = Ranks(scaling)(torch.from_numpy(asked)).numpy()
    np.testing.assert_allclose(found, scaling(DenseBlock(asked)).values, atol=1e-6)


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_raw_inputs_lead_to_the_predictions(model, nci_smiles: list[str]) -> None:  # type: ignore[no-untyped-def]
    features = model.featurize(nci_smiles[:60])
    features = features.take(np.flatnonzero(features.ok))
    raw = feed(features)
    assert {name: (rows.dtype.name, rows.shape[1]) for name, rows in raw.items()} == {
        each.name: (each.dtype, each.n_columns) for each in raw_inputs(model)
    }
    with torch.no_grad():
        found = ExportedModel(model)(*(torch.from_numpy(rows) for rows in raw.values())).numpy()
    np.testing.assert_allclose(found, model.predict_features(features), rtol=1e-5, atol=1e-5)


def test_counts_are_told_from_bits_and_values() -> None:
    kinds = {each.name: each.kind for each in raw_inputs(MODELS["static-per_expert"])}
    assert kinds == {"bits": "bits", "counts": "counts", "linear": "counts", "real": "values"}


def test_inputs_that_come_with_the_molecules_are_made_up() -> None:
    inputs = BITS | {
        "spectrum": {"kind": "dense", "n_columns": 4},
        "keys": {"kind": "given", "n_bits": 40},
        "counted": {"kind": "given", "n_bits": 50, "counts": True},
    }
    inputs["their_keys"] = inputs.pop("keys")
    model = dense_model(mixture("static", "linear", inputs), inputs=inputs)
    blocks = examples(model).blocks
    assert np.isnan(blocks["spectrum"].values).any()
    assert not np.isnan(blocks["spectrum"].values).all()
    assert 0 < blocks["their_keys"].dense().mean() < 0.5
    assert blocks["counted"].counts.max() > 100

    def run(arrays: Feed) -> np.ndarray:
        with torch.no_grad():
            found: Tensor = ExportedModel(model)(*map(torch.from_numpy, arrays.values()))
        return found.numpy()

    assert checked(model, b"data", run).difference < 1e-5


def test_what_predicts_something_else_is_thrown_away() -> None:
    model = MODELS["one-input"]

    def run(arrays: Feed) -> np.ndarray:
        n = len(next(iter(arrays.values())))
        return model.predict_features(examples(model).take(np.arange(n)))

    assert checked(model, b"data", run).difference == 0
    for wrong in (2e-5, np.nan):
        with pytest.raises(ExportError, match="differs from the model by"):
            checked(model, b"data", lambda arrays, wrong=wrong: run(arrays) + wrong)  # type: ignore[misc]
    with pytest.raises(ExportError, match=r"predicts \(32, 2\), the model \(32, 3\)"):
        checked(model, b"data", lambda arrays: run(arrays)[:, :2])


def test_graphs_and_unknown_formats_are_refused() -> None:
    graph = {"experts": [{"kind": "gine", "inputs": ["graph"], "n": 1, "width": 8, "hidden": 8}]}
    model = dense_model(graph, inputs={"graph": {"kind": "graph"}})
    for file_format in ("onnx", "torch"):
        with pytest.raises(ConfigError, match=r"reads molecular graphs \('graph'\)"):
            export(model, file_format)
    with pytest.raises(ConfigError, match=r"unknown export format 'onxn' \(did you mean 'onnx'"):
        export(model, "onxn")
