"""Precision of the products of a training step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def products_in(precision: str, device: str) -> Iterator[None]:
    """Context in which float32 products on CUDA may round factors to 10 bits, if it is ``tf32``.

    PyTorch knows no such setting for a single thread: it is put back at once after each step, and
    nothing but a training that asks for it changes it.

    Parameters
    ----------
    precision
        ``float32``, ``tf32`` or ``bfloat16``.
    device
        Name of the device.
    """
    if precision != "tf32" or not device.startswith("cuda"):
        yield
        return
    setting: Any = torch.backends.cuda.matmul
    has_newer = hasattr(setting, "fp32_precision")  # then PyTorch warns of the older name
    name = "fp32_precision" if has_newer else "allow_tf32"
    before = getattr(setting, name)
    setattr(setting, name, "tf32" if has_newer else True)
    try:
        yield
    finally:
        setattr(setting, name, before)
