"""What the documentation shows passes a strict type checker, as a user would run it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = """
import bioassay_mtl as bm

fingerprints = {"morgan": {"kind": "morgan", "n_bits": 512}}
config = bm.TrainingConfig(
    network={"kind": "mmoeex", "experts": [{"inputs": ["morgan"], "n": 2}]},
    loss="focal",
    value_loss={"huber": 2.0},
    split={"kind": "scaffold", "fractions": [0.8, 0.1, 0.1]},
    sampling="balanced",
    balance={"kind": "dwa"},
    task_weights={"regression": 0.5},
    batch_size=None,
    loggers=[],
    fingerprints=fingerprints,
)
same = bm.TrainingConfig(inputs=fingerprints, loss={"kind": "focal", "gamma": 1.0})
again = bm.TrainingConfig(network=config.network, loss=config.loss, split=config.split)
seed: int = config.seed
kinds: list[str] = [each["kind"] for each in config.fingerprints.values()]
"""
WRONG = """
import bioassay_mtl as bm

bm.TrainingConfig(epochs="ten")
bm.TrainingConfig(epoch=10)
bm.TrainingConfig(network=3)
"""
STRICT = "# mypy: allow-redefinition, disallow-subclassing-any, ignore-missing-imports"
"""What is not so in the settings of this repository, as a user would have it."""


def snippets(page: str) -> str:
    """All Python of a page, in one program."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


def test_settings_that_are_checked_are_settings() -> None:
    found: dict[str, object] = {}
    exec(SETTINGS, found)
    assert found["same"].loss.gamma == 1.0  # type: ignore[attr-defined]
    assert found["again"].network == found["config"].network  # type: ignore[attr-defined]
    assert found["kinds"] == ["morgan"]


@pytest.mark.soak
def test_documented_uses_have_no_type_error(tmp_path: Path) -> None:
    """By the settings of this repository: what `make test` has checked is not checked again."""
    known = "smiles: list[str]\nlabels: list[list[float]]\ndataset: object\n"
    programs = {
        "settings.py": SETTINGS,
        "wrong.py": WRONG,
        "readme.py": known + snippets("README.md"),
        "interfaces.py": snippets("docs/interfaces.md"),
    }
    for path in sorted((ROOT / "examples").glob("*.py")):
        programs[path.name] = path.read_text(encoding="utf-8")
    for name, text in programs.items():
        (tmp_path / name).write_text(f"{STRICT}\n{text}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *(str(tmp_path / name) for name in programs)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    faults = [line for line in done.stdout.splitlines() if ": error: " in line]
    places = [(Path(file).name, line) for file, line, *_ in (each.split(":") for each in faults)]
    assert places == [("wrong.py", str(n)) for n in (5, 6, 7)], done.stdout + done.stderr
