"""Names of devices that a network can run on, and whether this machine has them."""

from __future__ import annotations

import re

from bioassay_mtl.errors import ConfigError

EXPECTED = "'cpu', 'cuda', 'cuda:N' (the Nth of several, from 0) or 'mps'"
_NAMES = re.compile(r"cpu|cuda(:\d+)?|mps")


def device_name(name: str) -> str:
    """A name as it was given.

    Raises
    ------
    ConfigError
        No device is called so.
    """
    if not _NAMES.fullmatch(name):
        raise ConfigError(f"device: {EXPECTED} is expected, found {name!r}")
    return name


def found_device(name: str) -> str:
    """The name of a device that is there; ``auto`` for CUDA's first where there is one.

    Raises
    ------
    ConfigError
        No device is called so, or this machine has none that PyTorch can use.
    """
    import torch

    n_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if n_cuda else "cpu"
    kind, _, number = device_name(name).partition(":")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("device mps: this machine has none that torch can use")
    if kind == "cuda" and not n_cuda:
        raise ConfigError(f"device {name}: this machine has none that torch can use")
    if number and int(number) >= n_cuda:
        raise ConfigError(f"device {name}: this machine has {n_cuda}, cuda:0 to cuda:{n_cuda - 1}")
    return name
