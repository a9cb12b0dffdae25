"""The pretended device, and molecules to learn from there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
import torch

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.nn.draws import Draws
from tests.device.pretend import Record, pretended
from tests.device.runs import INPUTS, N_ROWS, N_VALID


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """Inside a test, :data:`tests.device.pretend.DEVICE` works; the record of what it did."""
    on = Draws.on

    def on_host(draws: Draws, device: torch.device) -> torch.Generator:
        return on(draws, torch.device("cpu"))

    monkeypatch.setattr(Draws, "on", on_host)
    # The fused kernel has a list of devices, on which this one is not.
    adam = import_module("torch.optim.adam")
    monkeypatch.setattr(adam, "_device_dtype_check_for_fused", lambda *_, **__: None)
    # Tensors that are made of others by Python have no views in inference mode.
    monkeypatch.setattr(torch.inference_mode, "__enter__", torch.no_grad.__enter__)
    monkeypatch.setattr(torch.inference_mode, "__exit__", torch.no_grad.__exit__)
    autocast = torch.autocast
    monkeypatch.setattr(  # which does not know this device
        torch,
        "autocast",
        lambda kind, *a, **k: autocast("cpu" if kind == "meta" else kind, *a, **k),
    )
    with pretended() as record:
        yield record


@pytest.fixture(scope="module")
def blocks(nci_smiles: list[str]) -> dict[str, Block]:
    """Features of some molecules."""
    featurizer = Featurizer.from_config({"fingerprints": INPUTS})
    found: dict[str, Block] = dict(featurizer(nci_smiles[: N_ROWS + N_VALID]).blocks)
    return found
