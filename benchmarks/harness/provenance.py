"""What a result was made with: versions, commit, machine in general words."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from bioassay_mtl.errors import counted

PACKAGES = ("numpy", "scipy", "scikit-learn", "lightgbm", "xgboost", "torch", "deepchem", "rdkit")


def provenance(used: str = "one thread, no GPU") -> dict[str, Any]:
    """Versions, git commit and machine, without names or paths; and what was used of it."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
        commit = done.stdout.strip() or "unknown"
    except OSError:
        commit = "unknown"
    return {
        "commit": commit,
        "machine": f"{os.cpu_count()} {platform.machine()} cores, shared; {used}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def used_by_torch(device: str) -> str:
    """What PyTorch works on here, for ``cpu``, ``cuda`` or ``auto``."""
    import torch

    if device != "cpu" and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{counted(torch.get_num_threads(), 'thread')}, no GPU"


def _version(name: str) -> str:
    found = [*distributions(name=name), *distributions(name=f"{name}-cpu")]
    return found[0].version if found else "absent"
