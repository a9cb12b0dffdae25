"""Threads of PyTorch rest, unless the user has said how they wait."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bioassay_mtl.cli.threads import SPINS, let_threads_rest


def spins(monkeypatch: pytest.MonkeyPatch, **given: str) -> str | None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    let_threads_rest()
    return os.environ.get("GOMP_SPINCOUNT")


def test_what_the_user_has_said_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "")  # so that it is as before in the end
    assert spins(monkeypatch) == SPINS
    assert spins(monkeypatch, GOMP_SPINCOUNT="7") == "7"
    assert spins(monkeypatch, OMP_WAIT_POLICY="ACTIVE") is None


def test_it_is_said_before_pytorch_is_loaded() -> None:
    """OpenMP does not ask again."""
    code = """if True:
        import os, sys
        from bioassay_mtl.cli import app, threads
        app.let_threads_rest = lambda: print("torch" in sys.modules)
        sys.argv = ["bioassay-mtl", "--version"]
        app.main()"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("False\n")
