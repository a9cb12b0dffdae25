"""The pretended device notices what a real one would stumble over."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bioassay_mtl.training.batches import ResidentData
from tests.device.pretend import DEVICE, Record


def test_tensors_of_two_devices_do_not_meet(device: Record) -> None:
    there, here = torch.ones(2, 3, device=DEVICE), torch.ones(3, 2)
    with pytest.raises(RuntimeError, match="two devices"):
        there @ here
    with pytest.raises(RuntimeError, match="two devices"):
        there[torch.tensor([0])]
    assert (there * torch.tensor(2.0)).device == DEVICE  # a single number may
    assert device.counts == (0, 0, 0)


def test_arithmetic_and_gradients_are_those_of_the_cpu(device: Record) -> None:
    values = torch.tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    there = values.detach().to(DEVICE).requires_grad_()
    for x in (values, there):
        (x.exp().sum(0) * torch.arange(2.0, device=x.device)).sum().backward()
    assert there.grad is not None
    assert values.grad is not None
    assert there.grad.device == DEVICE
    assert torch.equal(there.grad.cpu(), values.grad)


def test_tensors_exchange_their_data(device: Record) -> None:
    a, b = torch.tensor([1.0], device=DEVICE), torch.tensor([2.0], device=DEVICE)
    a.data, b.data = b.data, a.data
    assert (a.tolist(), b.tolist()) == ([2], [1])
    assert not a.is_meta


def test_copies_are_recorded(device: Record) -> None:
    there = torch.tensor([1.0, 2.0], device=DEVICE)
    there.copy_(torch.zeros(2))
    assert there.tolist() == there.cpu().tolist() == [0, 0]
    assert device.counts == (0, 2, 2)


def test_what_asks_the_device_is_recorded_with_its_line(device: Record) -> None:
    there = torch.arange(4, device=DEVICE)
    assert bool(there.sum() == 6)
    there.nonzero(), there[there > 1], torch.unique(there), torch.repeat_interleave(there)
    assert [line.split()[0] for line in device.waits] == [
        "_local_scalar_dense",
        "nonzero",
        "index",
        "_unique2",
        "repeat_interleave",
    ]
    device.clear()
    torch.repeat_interleave(there, output_size=6)
    assert device.waits == []


def test_lines_are_those_of_the_package(device: Record) -> None:
    data = ResidentData({}, np.array([[1, 0], [-1, 1]], dtype=np.int8), DEVICE)
    files = [line.partition(":")[0] for line in device.to_device]
    assert set(files) == {"nn/rows.py", "nn/outputs.py"}
    assert data.dense_targets(torch.tensor([1], device=DEVICE))[0].tolist() == [[-1, 1]]
