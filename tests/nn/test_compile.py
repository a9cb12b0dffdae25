"""Compilers and exporters take a network whole, and it computes what it always does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.model import Model
from tests.nn.dense_models import BITS, VALUES, dense_model, every_model, mixture

MODELS = every_model()
models = pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def of_molecules(model: Model, smiles: list[str]) -> Features:
    features = model.featurize(smiles[:40])
    return features.take(np.flatnonzero(features.ok))


@models
@pytest.mark.parametrize(
    "mode", [torch.no_grad, pytest.param(torch.inference_mode, marks=pytest.mark.soak)]
)
@pytest.mark.cases(2)
def test_a_network_compiles_without_a_break(
    model: Model, mode: type[torch.no_grad], nci_smiles: list[str]
) -> None:
    features = of_molecules(model, nci_smiles)
    inputs = model.dense_inputs(features)
    compiled = torch.compile(model.network, fullgraph=True, backend="eager")  # raises at a break
    with mode():
        outputs = compiled(inputs)
        expected = model.network(inputs)
        predicted = model.network.outputs.predict(outputs).numpy()
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-5)
    if model.target_scaler is not None:
        predicted = model.target_scaler.undo(predicted, model.kinds)
    found = model.predict_features(features)
    np.testing.assert_allclose(predicted, found, rtol=1e-4, atol=1e-5)


def test_a_shipped_model_compiles_through_autograd(nci_smiles: list[str]) -> None:
    model = Model.load("pcba128")
    inputs = model.dense_inputs(of_molecules(model, nci_smiles))
    compiled = torch.compile(model.network, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(inputs), model.network(inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["static-per_expert", "ensemble"])
def test_an_exported_network_holds_public_operations_alone(
    name: str, nci_smiles: list[str]
) -> None:
    model = MODELS[name]
    inputs = model.dense_inputs(of_molecules(model, nci_smiles))
    network: Any = model.network
    exported = torch.export.export(network, (inputs,))
    called = {str(node.target) for node in exported.graph.nodes if node.op == "call_function"}
    assert not [name for name in called if "mkldnn" in name]
    assert "aten.matmul.default" in called
    with torch.no_grad():
        found, expected = exported.module()(inputs), model.network(inputs)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_dense_inputs_are_what_the_network_reads(nci_smiles: list[str]) -> None:
    model = MODELS["static-per_expert"]
    features = model.featurize([*nci_smiles[:20], "not a molecule"])
    inputs = model.dense_inputs(features)
    assert {name: tuple(x.shape) for name, x in inputs.items()} == {
        "bits": (21, 256),
        "counts": (21, 128),
        "linear": (21, 64),
        "real": (21, 3),
    }
    assert {x.dtype for x in inputs.values()} == {torch.float32}
    assert set(inputs["bits"].unique().tolist()) == {0.0, 1.0}
    np.testing.assert_array_equal(inputs["counts"].numpy(), features.blocks["counts"].dense())
    scaled = model.scalings["real"](features.blocks["real"]).values
    np.testing.assert_array_equal(inputs["real"].numpy(), scaled)
    with torch.inference_mode():
        found = model.network(inputs)
        expected = model.network(model.inputs(features))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_dense_inputs_of_graphs_and_of_others_are_refused() -> None:
    graph = {"experts": [{"kind": "gine", "inputs": ["graph"], "n": 1, "width": 8, "hidden": 8}]}
    model = dense_model(graph, inputs={"graph": {"kind": "graph"}})
    with pytest.raises(ConfigError, match=r"reads molecular graphs \('graph'\)"):
        model.dense_inputs(model.featurize(["CCO"]))
    other = dense_model(mixture("static", "linear", BITS), inputs=BITS)
    with pytest.raises(ConfigError, match="does not fit in bits"):
        other.dense_inputs(
            dense_model(mixture("static", "mlp", VALUES), inputs=VALUES).featurize(["C"])
        )
