"""What a test needs and a machine may lack: a reason to skip there, and a failure in CI.

Only what the test set-up installs, or CONTRIBUTING says how to install, is asked for here.
Oracles beyond that (ogb, chemprop, cuik-molmaker, LightGBM) may be absent anywhere.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import warnings
from typing import Any, NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skip the test, or the module, for want of something; fail where ``CI`` is ``true``."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI must have it", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def installed(module: str, name: str) -> None:
    """Ask for a module that an extra of the package brings."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        absent(f"{module} is not installed (pip install 'bioassay-mtl[{name}]')")


def extra(module: str, name: str) -> Any:
    """The module itself; what it warns of when imported is its authors' affair."""
    installed(module, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(module)
