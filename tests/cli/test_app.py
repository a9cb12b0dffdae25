"""Help, version, and what faults become."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bioassay_mtl._version import __version__
from bioassay_mtl.cli.faults import reported_faults
from bioassay_mtl.errors import InputError
from tests.cli.conftest import COMMAND, Run

VERBS = ["screen", "train", "evaluate", "info", "models", "datasets"]
HEAVY = ("torch", "numpy", "pandas", "pyarrow", "rdkit", "sklearn", "lightning", "scipy")


def test_help_lists_verbs_in_order(cli: Run) -> None:
    done = cli("--help")
    assert done.code == 0
    first_words = [words[0] for line in done.out.splitlines() if (words := line.split())]
    assert [word for word in first_words if word in VERBS] == VERBS


@pytest.mark.parametrize("verb", VERBS[:5])
def test_help_of_a_verb_shows_an_example(cli: Run, verb: str) -> None:
    done = cli(verb, "--help")
    assert done.code == 0
    assert f"Example: bioassay-mtl {verb}" in " ".join(done.out.split())


def test_the_package_runs_as_the_command(cli: Run) -> None:
    module = [sys.executable, "-m", "bioassay_mtl"]
    done = subprocess.run([*module, "models"], capture_output=True, text=True, check=True)
    assert done.stdout == cli("models").out
    wrong = subprocess.run([*module, "screen"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr) == (cli("screen").code, cli("screen").err)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from bioassay_mtl.cli.app import app\n"
        f"for verb in {VERBS}:\n"
        "    app([verb, '--help'], standalone_mode=False)\n"
        f"print(sorted(set(sys.modules) & set({HEAVY})), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stderr.decode() == "[]\n"


def test_version(cli: Run) -> None:
    assert cli("--version").out == f"bioassay-mtl {__version__}\n"


def test_unknown_verb_is_a_usage_error(cli: Run) -> None:
    assert cli("scren").code == 2


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (InputError("no such\nfile", file="x.smi"), 2, "error: x.smi: no such file\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (KeyboardInterrupt("go on"), 130, "interrupted: go on\n"),
        (BrokenPipeError(), 0, ""),
        (OSError(28, "No space left on device"), 2, "error: No space left on device\n"),
        (OSError(13, "Permission denied", "x"), 2, "error: x: Permission denied\n"),
    ],
)
def test_faults(
    fault: BaseException, code: int, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop, reported_faults(debug=False):
        raise fault
    assert stop.value.code == code
    assert capfd.readouterr().err == message


def test_a_bug_is_one_line_that_asks_for_a_report(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop, reported_faults(debug=False):
        raise ZeroDivisionError("division by\nzero")
    assert stop.value.code == 1
    err = capfd.readouterr().err
    assert err.startswith("error: unexpected ZeroDivisionError: division by zero")
    assert "--debug" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("fault", [InputError("x"), ZeroDivisionError("x")])
def test_debug_lets_the_traceback_through(fault: Exception) -> None:
    with pytest.raises(type(fault)), reported_faults(debug=True):
        raise fault


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    "arguments", [["models"], pytest.param(["info", "pcba128", "--json"], marks=pytest.mark.soak)]
)
def test_output_that_a_full_disk_refuses_is_a_fault(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_info_says_what_a_model_does_not_see_and_which_molecules_it_marks(
    cli: Run, model_folder: Path
) -> None:
    done = cli("info", "pcba128")
    words = " ".join(done.out.split())
    assert "Blind to stereochemistry" in words
    assert "51,191 molecules are marked in a screen" in words
    facts = json.loads(cli("info", "pcba128-mix", "--json").out)
    assert facts["tells_apart"] == {"enantiomers": True, "double_bonds": True, "salts": True}
    assert facts["training_molecules"] == {"known": 51191, "unidentified": 0}
    assert "a screen cannot mark molecules" in " ".join(cli("info", model_folder).out.split())
