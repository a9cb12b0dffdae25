"""The tutorials are true: their commands run in turn, on few molecules and in few epochs."""

from __future__ import annotations

import re
import shlex
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import REPOSITORY, Run

pytestmark = pytest.mark.soak
TUTORIALS = REPOSITORY / "docs" / "tutorials"
QUICK = ("--effort", "quick", "--set", "epochs=1", "--no-baseline")


def commands(page: str) -> list[list[str]]:
    """Words behind the name of our command, of all of a page."""
    text = (TUTORIALS / f"{page}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert all(words[0] == "bioassay-mtl" for words in lines)
    return [words[1:] for words in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, nci_smiles: list[str]) -> Path:
    """Where a reader of all tutorials would be."""
    found = tmp_path_factory.mktemp("tutorials")
    shutil.copytree(REPOSITORY / "datasets", found / "datasets")
    lines = [f"{smiles} NCI-{n}" for n, smiles in enumerate(nci_smiles[:60], 1)]
    (found / "library.smi").write_text("\n".join(lines) + "\n")
    return found


def run_all(page: str, cli: Run) -> None:
    """One model is trained, by whichever tutorial comes first; of others settings are read."""
    for words in commands(page):
        if words[0] == "train":
            out = Path(words[words.index("--out") + 1])
            if (out / "config.json").is_file():
                continue
            words = [*words, *(QUICK if out.name == "mine" else ["--print-config"])]
        elif {"-o", "--out", "--report"} & {*words}:
            words = [*words, "--overwrite"]
        done = cli(*words)
        assert done.code == 0, (words, done.err)


@pytest.mark.soak
def test_screen(cli: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    run_all("screen", cli)
    text = (TUTORIALS / "screen.md").read_text(encoding="utf-8")
    hits, picks = pd.read_csv("hits.csv"), pd.read_csv("picks.csv")
    assert len(hits) == 60
    named = {"PCBA-1030:low", "similarity", "nearest", "in_domain", "in_training", "alerts"}
    assert named <= {*hits.columns}
    assert all(f"`{name}`" in text for name in named)
    assert 0 < len(picks) <= 50
    assert picks["alerts"].isna().all()
    assert picks["scaffold"].value_counts().max() <= 2
    assert not picks["in_training"].any()
    assert Path("hits.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["train", "report", "gpu"])
def test_train(cli: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.chdir(folder)
    run_all(page, cli)
    predicted = pd.read_csv("predicted.csv") if page != "report" else None
    assert predicted is None or set(predicted["status"]) == {"ok"}
    assert page != "report" or "<html" in Path("evaluated.html").read_text(encoding="utf-8")


def test_explain(cli: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    run_all("explain", cli)
    assert "<svg" in Path("why.html").read_text(encoding="utf-8")
    text = (TUTORIALS / "explain.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    with redirect_stdout(StringIO()) as printed:
        for snippet in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            exec(compile(snippet, "explain.md", "exec"), found)
    why = found["why"]
    assert why.atoms.sum() + why.whole == pytest.approx(why.value - why.reference, abs=1e-3)
    assert len(printed.getvalue().splitlines()) > 1
