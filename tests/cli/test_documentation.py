"""The page on graphs is true: its settings train, its snippet runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bioassay_mtl.panels import Panel
from bioassay_mtl.training.fit import train

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "graphs.md").read_text()


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


def test_settings_train() -> None:
    config = yaml.safe_load(snippet("yaml"))
    panel = Panel.read(ROOT / "datasets" / "example_panel.csv").take(range(40))
    model = train(panel, config | {"epochs": 1, "loggers": ()})
    assert model.network.connections.shape[1] == 7
    assert not model.network.connections.all()
    assert model.predict(["CCO"])["status"].tolist() == ["ok"]


@pytest.mark.soak
def test_the_command_adds_graphs_to_all_else() -> None:
    (change,) = re.findall(r"--set (inputs.graph\S+)", snippet("bash"))
    command = ["train", str(ROOT / "datasets" / "example_panel.csv"), "--set", change]
    done = subprocess.run(
        [sys.executable, "-m", "bioassay_mtl.cli.app", *command, "--print-config"],
        capture_output=True,
        text=True,
        check=True,
    )
    members = yaml.safe_load(done.stdout)["network"]["members"]  # trees beside a mixture
    experts = members[-1]["experts"]
    assert {group["kind"] for group in experts} == {"mlp", "dmpnn"}
    assert {"morgan", "descriptors", "graph"} <= {group["inputs"][0] for group in experts}


def test_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec(compile(snippet("python"), "graphs.md", "exec"), found)
    assert len(found["block"]) == 3
