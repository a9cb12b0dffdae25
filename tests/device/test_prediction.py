"""Prediction on an accelerator sends molecules there at once, and what is made of them back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.models import computing
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.architectures.base import build_network, network_config
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
