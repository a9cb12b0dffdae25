"""Prediction on an accelerator sends molecules there at once, and what is made of them back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.graphs import GraphBlock, load_graphs, save_graphs
from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.models import computing
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn import resident as residents
from bioassay_mtl.nn.architectures.base import build_network, network_config
from bioassay_mtl.nn.inputs import InputLinear
from bioassay_mtl.nn.resident import resident
from tests.balance.mixed_tasks import MIXED
from tests.device.pretend import DEVICE, Record
from tests.device.runs import EXPERTS, INPUTS

TASKS = tuple(kind.kind for kind in MIXED)


@pytest.fixture(scope="module", params=["fingerprints", "gine"])
def model(request: pytest.FixtureRequest) -> Model:
    """Of tasks of all kinds, calibrated."""
    group = EXPERTS[request.param]
    featurizer = Featurizer.from_config({"fingerprints": {n: INPUTS[n] for n in group["inputs"]}})
    config = network_config({"kind": "mmoeex", "experts": [group]})
    torch.manual_seed(0)
    network = build_network(config, featurizer.input_sizes, TASKS, MIXED)
    slope = np.array([2.0 if kind.has_actives else 1.0 for kind in MIXED])
    calibration = Calibration(slope, 0.5 * (slope - 1))
    beside = {"calibration": calibration}
    return Model(network, config, featurizer, TASKS, {}, kinds=MIXED, beside=beside)


def test_molecules_are_sent_once(
    model: Model, nci_smiles: list[str], device: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computing, "DEVICE_BLOCK_ROWS", 16)
    features = model.featurize(nci_smiles[:100])
    expected = [read(features) for read in (model.predict_features, model.embed_features)]
    model.to(DEVICE)
    try:
        counts = []
        for n in (10, 10, 100):  # a first time, one block, and seven
            device.clear()
            found = model.predict_features(features.take(np.arange(n)))
            np.testing.assert_allclose(found, expected[0][:n], rtol=1e-4, atol=1e-5)
            counts.append(device.counts)
            assert device.waits == []
            assert len(device.to_host) == 1
        assert counts[1] == counts[2]
        np.testing.assert_allclose(model.embed_features(features), expected[1], 1e-4, 1e-5)
    finally:
        model.to("cpu")


def test_bits_are_sent_packed(nci_smiles: list[str], device: Record) -> None:
    featurizer = Featurizer.from_config({"fingerprints": {"morgan": INPUTS["morgan"]}})
    block = featurizer(nci_smiles[:50]).blocks["morgan"]
    there = resident(block, DEVICE)
    assert 50 * 256 // 8 <= device.sent < 50 * 256 // 8 + 16
    batch = there.batch(torch.arange(50).to(DEVICE))
    assert isinstance(batch, torch.Tensor)
    assert batch.dtype == torch.uint8  # widened once, to whatever is multiplied
    np.testing.assert_array_equal(batch.cpu().numpy(), block.dense())


def test_graphs_on_disk_are_sent_some_rows_at_a_time(
    nci_smiles: list[str], device: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = Featurizer.from_config({"fingerprints": {"graph": INPUTS["graph"]}})(
        nci_smiles[:30]
    ).blocks["graph"]
    assert isinstance(block, GraphBlock)
    save_graphs(tmp_path / "graphs", block)
    whole = residents.DeviceGraphs(block, DEVICE)
    n = len(device.to_device)
    monkeypatch.setattr(residents, "READ_BYTES", 100)
    parts = residents.DeviceGraphs(load_graphs(tmp_path / "graphs"), DEVICE)
    assert len(device.to_device) > 10 * n
    for name in ("atoms", "reals", "ends", "bonds"):
        sent, expected = (getattr(each, name).cpu() for each in (parts, whole))
        assert sent.dtype == expected.dtype
        assert torch.equal(sent, expected)


def test_autocast_widens_bits_to_its_own_type(nci_smiles: list[str]) -> None:
    featurizer = Featurizer.from_config({"fingerprints": {"morgan": INPUTS["morgan"]}})
    block = featurizer(nci_smiles[:20]).blocks["morgan"]
    layer = InputLinear({"morgan": 256}, 16)
    bits = residents.DeviceBits(block, torch.device("cpu")).batch(torch.arange(20))
    assert isinstance(bits, torch.Tensor)
    with torch.autocast("cpu", torch.bfloat16):
        found, expected = (layer({"morgan": x}) for x in (bits, bits.float()))
    assert found.dtype == expected.dtype == torch.bfloat16
    assert torch.equal(found, expected)
