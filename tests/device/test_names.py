"""Devices are asked for by name; one that is not there is refused, with those that are."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.devices import found_device
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.fit import _n_devices
from bioassay_mtl.training.place import Place
from tests.screening.tiny_model import tiny_model


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that says it has them."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:0", "cuda:11", "mps"])
def test_names_are_taken(name: str) -> None:
    assert TrainingConfig.of({"device": name}).device == name


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:-1", "cuda:x", "CUDA", "cpu:0", ""])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"device: 'cpu', 'cuda', 'cuda:N' .* found"):
        TrainingConfig.of({"device": name})


@pytest.mark.usefixtures("two_gpus")
def test_the_machine_is_asked() -> None:
    assert found_device("auto") == "cuda"
    assert found_device("cuda:1") == "cuda:1"
    with pytest.raises(ConfigError, match=r"device cuda:2: this machine has 2, cuda:0 to cuda:1"):
        found_device("cuda:2")


def test_without_one_the_processor_is_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert found_device("auto") == "cpu"
    for name in ("cuda", "cuda:1", "mps"):
        with pytest.raises(ConfigError, match=f"device {name}: this machine has none"):
            found_device(name)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(("device", "devices"), [("cuda:1", 2), ("mps", 2)])
def test_one_that_is_named_is_one(device: str, devices: Any) -> None:
    config = TrainingConfig.of({"device": device, "devices": devices})
    with pytest.raises(ConfigError, match=f"2 are wanted, and device {device} is a single one"):
        _n_devices(config, device)
    alone = TrainingConfig.of({"device": device, "devices": "auto"})
    assert _n_devices(alone, device) == 1


def test_a_place_is_where_its_name_says() -> None:
    assert Place("cuda:1").device == torch.device("cuda", 1)
    assert Place("cuda", rank=1, n_ranks=2).device == torch.device("cuda", 1)
    assert Place("mps").device == torch.device("mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has what is asked for")
@pytest.mark.parametrize("name", ["cuda:1", "gpu"])
def test_a_model_says_where_it_cannot_go(name: str) -> None:
    with pytest.raises(ConfigError, match=f"device '{name}' cannot be used"):
        tiny_model().to(name)
