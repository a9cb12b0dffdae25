"""``bioassay-mtl datasets``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioassay_mtl.cli.datasets import app
from bioassay_mtl.datasets.recipes import recipe
from bioassay_mtl.errors import ConfigError, InputError
from tests.terminal import on_terminal

from .server import Site, serve
from .tables import table

run = CliRunner().invoke


def test_list() -> None:
    result = run(app, ["list"])
    assert result.exit_code == 0
    for word in ("pcba", "437,929", "128", "toxcast", "617", "public domain"):
        assert word in result.stdout


def test_list_as_json() -> None:
    held = json.loads(run(app, ["list", "--json"]).stdout)
    assert [entry["name"] for entry in held] == ["hiv", "muv", "pcba", "tox21", "toxcast"]
    assert held[0]["tasks"] == ["HIV_active"]


def test_fetch_prints_the_path(tmp_path: Path) -> None:
    with serve(Site(table(recipe("hiv"), 41127))) as site:
        result = run(app, ["fetch", "hiv", "--out", str(tmp_path), "--base-url", site.url])
        assert result.exit_code == 0, result.output
        assert result.stdout == f"{tmp_path / 'HIV.csv'}\n"
        assert result.stderr == ""
        (tmp_path / "HIV.csv").write_text("altered")
        arguments = ["fetch", "hiv", "--out", str(tmp_path), "--base-url", site.url]
        with pytest.raises(InputError, match="force fetches it again"):
            run(app, arguments, catch_exceptions=False)
        assert run(app, [*arguments, "--force"]).exit_code == 0
        with pytest.raises(InputError, match="expected 00000000"):
            run(app, [*arguments, "--sha256", "0" * 64], catch_exceptions=False)
    assert (tmp_path / "HIV.csv").read_bytes() == site.content


def test_an_unknown_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'pcba'"):
        run(app, ["fetch", "pcb"], catch_exceptions=False)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_progress_on_a_terminal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from bioassay_mtl.cli.datasets import app; app()"]
    content = table(recipe("tox21"), 7831, width=127)
    with serve(Site(content)) as site:
        asked = ["fetch", "tox21", "--out", tmp_path, "--base-url", site.url]
        done = on_terminal([*command, *asked], COLUMNS="100")
    shown = done.terminal.decode()
    assert "tox21.csv.gz" in shown
    size = f"{len(content) / 1e6:.1f}"
    assert f"{size}/{size} MB" in shown
    assert done.other.decode() == f"{tmp_path / 'tox21.csv.gz'}\n"
