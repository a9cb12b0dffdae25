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


@pytest.mark.slow
def test_documented_uses_have_no_type_error(tmp_path: Path) -> None:
    user = tmp_path / "user"
    user.mkdir()
    (user / "settings.py").write_text(SETTINGS, encoding="utf-8")
    (user / "wrong.py").write_text(WRONG, encoding="utf-8")
    readme = "smiles: list[str]\nlabels: list[list[float]]\ndataset: object\n" + snippets(
        "README.md"
    )
    (user / "readme.py").write_text(readme, encoding="utf-8")
    (user / "interfaces.py").write_text(snippets("docs/interfaces.md"), encoding="utf-8")
    for path in sorted((ROOT / "examples").glob("*.py")):
        (user / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"),
            *("--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}"),
            *("--allow-redefinition", "."),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=user,
        env={"MYPYPATH": str(ROOT)},
    )
    faults = [line for line in done.stdout.splitlines() if not line.startswith("Found ")]
    assert [line.split(":")[:2] for line in faults] == [["wrong.py", str(n)] for n in (4, 5, 6)], (
        done.stdout + done.stderr
    )
