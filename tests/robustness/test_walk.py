"""The walk of kills finds what is written in place, left behind, or not gone on with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

WAYS = {
    "in place": """
        (folder / "model").write_text("whole model")
    """,
    "left behind": """
        part = folder / f"{os.getpid()}.part"
        part.write_text("whole model")
        part.rename(folder / "model")
    """,
    "not gone on with": """
        part = folder / "part"
        with part.open("x") as file:
            file.write("whole model")
        part.rename(folder / "model")
    """,
    "whole": """
        part = folder / "part"
        part.write_text("whole model")
        part.rename(folder / "model")
    """,
}
FAULTS: dict[str, set[str]] = {
    "in place": {"within open model: model is neither as before nor whole"},
    "left behind": {"within open PID.part: PID.part stay", "before rename PID.part: PID.part stay"},
    "not gone on with": {
        "within open part: the second run ends with 70",
        "before rename part: the second run ends with 70",
    },
    "whole": set(),
}


@pytest.mark.parametrize("way", WAYS)
def test_faults_are_found(tmp_path: Path, way: str) -> None:
    program = "\n".join(
        [
            "import json, os, sys",
            "from pathlib import Path",
            "from tests.robustness.kills import Verb, Walk",
            "def run(folder, again):",
            textwrap.indent(textwrap.dedent(WAYS[way]), "    "),
            "walk = Walk(Verb('it', run), Path(sys.argv[1]))",
            "print(json.dumps(list(walk.faults(None, 0))))",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    said = re.sub(r"\d+(?=\.part)", "PID", done.stdout)
    found = {f"{moment}: {fault.split(': ')[0]}" for moment, fault in json.loads(said) if fault}
    assert found == FAULTS[way]
