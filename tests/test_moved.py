"""Old names of modules give the modules of today, with a warning."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings

import pytest

from bioassay_mtl.moved import EXPORTED, MOVED, PACKAGE, new_name


@pytest.mark.parametrize("old", sorted(MOVED))
def test_an_old_module_is_todays(old: str) -> None:
    with warnings.catch_warnings():  # of the packages that it was in
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module(f"{PACKAGE}.{old}".rpartition(".")[0])
    sys.modules.pop(f"{PACKAGE}.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"{PACKAGE}.{MOVED[old]} now"):
        module = importlib.import_module(f"{PACKAGE}.{old}")
    assert module is importlib.import_module(f"{PACKAGE}.{MOVED[old]}")
    assert module.__spec__ is not None
    assert module.__spec__.name == f"{PACKAGE}.{MOVED[old]}"


@pytest.mark.parametrize("home", EXPORTED["data"])
def test_what_data_exported_is_there(home: str) -> None:
    module, _, name = home.rpartition(".")
    old = importlib.import_module(f"{PACKAGE}.data")
    with pytest.warns(DeprecationWarning, match=home):
        found = getattr(old, name)
    assert found is getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)


def test_what_was_never_there_is_not() -> None:
    assert new_name("datasets") is None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = importlib.import_module(f"{PACKAGE}.data").nothing
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"{PACKAGE}.data.nothing")


@pytest.mark.soak
def test_in_a_fresh_process_what_is_registered_is_registered_once() -> None:
    program = (
        "from bioassay_mtl.data.splits.random import split_randomly as a; "
        "from bioassay_mtl.splits.random import split_randomly as b; "
        "from bioassay_mtl.nn.export.base import export; "
        "print(a is b)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "True", done.stderr
