"""Products are rounded where that was asked for, in the steps of a training and nowhere else."""

from __future__ import annotations

import pytest
import torch

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.precision import products_in
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.fit import device_of


def setting() -> str:
    cuda = torch.backends.cuda.matmul
    if hasattr(cuda, "fp32_precision"):
        return str(cuda.fp32_precision)
    return "tf32" if cuda.allow_tf32 else "none"


@pytest.mark.parametrize(
    ("precision", "device", "rounds"),
    [
        ("tf32", "cuda", True),
        ("tf32", "cuda:1", True),
        ("float32", "cuda", False),
        ("bfloat16", "cuda", False),
        ("tf32", "cpu", False),
    ],
)
def test_it_is_put_back(precision: str, device: str, rounds: bool) -> None:
    before = setting()

    def fail() -> None:
        with products_in(precision, device):
            assert (setting() == "tf32") == rounds
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert setting() == before != "tf32"


def test_a_device_without_it_refuses() -> None:
    with pytest.raises(ConfigError, match="precision tf32: only CUDA devices have it"):
        device_of(TrainingConfig.of({"precision": "tf32", "device": "cpu"}))
