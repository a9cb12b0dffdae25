"""Blocks kept on a device give the batches that blocks on the host give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.nn.inputs import SparseInput
from bioassay_mtl.nn.resident import DeviceBits, DeviceCounts, HostBlock, resident

PRINTS = {
    "bits": {"kind": "morgan", "n_bits": 1000},
    "log counts": {"kind": "torsion", "n_bits": 512, "counts": True},
    "plain counts": {"kind": "atom_pair", "n_bits": 512, "counts": True, "scale": "linear"},
}


@pytest.mark.parametrize("name", PRINTS)
def test_device_batches_equal_host_batches(name: str, nci_smiles: list[str]) -> None:
    featurizer = Featurizer.from_config({"fingerprints": {name: PRINTS[name]}})
    block = featurizer([*nci_smiles[:80], "C"]).blocks[name]  # methane has no pair, no torsion
    rows = torch.tensor([80, 3, 3, 0, 79])
    cpu = torch.device("cpu")
    on_host = HostBlock(block).batch(rows)
    assert isinstance(on_host, SparseInput)
    kind = DeviceBits if name == "bits" else DeviceCounts
    on_device = kind(block, cpu).batch(rows)
    assert isinstance(on_device, torch.Tensor)
    torch.testing.assert_close(on_device.float(), on_host.dense())  # bits are bytes until then
    np.testing.assert_array_equal(on_host.dense(), block.take(rows.numpy()).dense())
    assert isinstance(resident(block, cpu), HostBlock)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_batches_are_dense_and_equal(nci_smiles: list[str]) -> None:
    featurizer = Featurizer.from_config({"fingerprints": PRINTS})
    features = featurizer(nci_smiles[:64])
    cuda = torch.device("cuda")
    rows = torch.arange(64)
    for block in features.blocks.values():
        found = resident(block, cuda).batch(rows.to(cuda))
        assert isinstance(found, torch.Tensor)
        np.testing.assert_array_equal(found.cpu().numpy(), block.dense())
