"""The page on scaling is true: its commands run, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Run

PAGE = REPOSITORY / "docs" / "scaling.md"


def commands(page: Path) -> list[list[str]]:
    """Words of all commands of ours, less those that need a cluster or a store."""
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    here = [line for line in lines if "--engine ray" not in line and "s3://" not in line]
    found = [shlex.split(line, comments=True) for line in here]
    return [words[1:] for words in found if words[0] == "bioassay-mtl"]


def test_commands_run(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nci_smiles: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("library.smi").write_text("\n".join(nci_smiles[:50]) + "\n")
    rows = [f"{smiles},{number % 2}\n" for number, smiles in enumerate(nci_smiles[:50])]
    Path("panel.csv").write_text("smiles,active\n" + "".join(rows))
    more = {"merge": ["--overwrite"], "train": ["--print-config"]}
    variables = {"$SLURM_ARRAY_TASK_ID": "1", "$SLURM_ARRAY_TASK_COUNT": "1"}
    for words in commands(PAGE):
        for name, value in variables.items():
            words = [word.replace(name, value) for word in words]
        done = cli(*words, *more.get(words[0], []))
        assert done.code == 0, done.err
    assert Path("best.csv").is_file()
    assert not Path("best.partial.csv").exists()  # nothing was missing


def test_readme_has_the_same_commands() -> None:
    known = {word for words in commands(PAGE) for word in words}
    named = [words for words in commands(REPOSITORY / "README.md") if "screened/" in words]
    assert len(named) == 3
    assert {word for words in named for word in words} - known == {"3/16"}
