"""``train --together``: a folder of models, what they share, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.models.model import Model
from tests.conftest import Run
from tests.training.together.conftest import RULES

SETTINGS = (
    "--set=epochs=2",
    "--set=batch_size=32",
    "--set=device=cpu",
    "--set=domain=none",
    "--set=inputs={morgan: {kind: morgan, n_bits: 128}}",
    "--set=network={experts: [{inputs: [morgan], n: 2, width: 16, depth: 2}]}",
)


@pytest.fixture(scope="module")
def tables(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two panels as files."""
    folder = tmp_path_factory.mktemp("tables")
    paths = []
    for name, tasks, start, stop in (
        ("first", ["halogen", "nitrogen"], 0, 120),
        ("second", ["oxygen"], 100, 190),
    ):
        lines = [",".join(["smiles", *tasks])]
        lines += [
            ",".join([text, *(str(int(RULES[task] in text)) for task in tasks)])
            for text in nci_smiles[start:stop]
        ]
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n")
    return paths


def test_a_folder_of_models_and_what_they_share(
    cli: Run, tables: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "models"
    command = ["train", *tables, "--together", "--sharing", "muir", "--out", out, *SETTINGS]
    done = cli(*command, "--set=together.sharing.pool=0.5", "--alternation", "equal", "--seed", "3")
    assert done.code == 0, done.err
    assert done.out == ""
    assert sorted(path.name for path in out.iterdir()) == [
        "first",
        "second",
        "together.html",
        "together.json",
    ]
    record = json.loads((out / "together.json").read_text())
    assert record["settings"]["alternation"] == "equal"
    assert record["settings"]["sharing"]["pool"] == 0.5
    assert record["settings"]["seed"] == 3
    assert re.search(r"^first: held-out test molecules \(24\): ROC-AUC 0", done.err, re.MULTILINE)
    assert "second: Verdict" in done.err
    report = (out / "first" / "report.html").read_text()
    assert "no quick baseline beside it: panels were trained together" in report
    assert Model.load(out / "second").tasks == ("oxygen",)
    page = (out / "together.html").read_text()
    for words in ("Modules by panel and layer", "first: groups.0.layers.0.weight", "second"):
        assert words in page
    told = cli("info", out)
    assert told.code == 0
    assert "Modules by panel and layer" in told.out
    assert "generations" in told.out
    assert json.loads(cli("info", out, "--json").out) == record
    assert told.err == ""
    (out / "second" / "model.safetensors").rename(out / "moved")
    assert "second is no whole model" in cli("info", out).err
    (out / "moved").rename(out / "second" / "model.safetensors")
    one = cli("info", out / "first")
    assert "trained beside second, sharing muir" in one.out
    again = cli(*command, "--set=together.sharing.pool=0.5", "--alternation=equal", "--seed=3")
    assert again.code != 0
    assert "exists" in again.err


def test_settings_of_single_panels_are_their_own(
    cli: Run, tables: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        "together: {sharing: none}\npanels: {second: {batch_size: 16}}\nlearning_rate: 0.01\n"
    )
    out = tmp_path / "models"
    settings = [each for each in SETTINGS if "batch_size" not in each]
    done = cli("train", *tables, "--together", "--out", out, "--config", file, *settings)
    assert done.code == 0, done.err
    found = {name: Model.load(out / name).training["config"] for name in ("first", "second")}
    assert found["second"]["batch_size"] == 16
    assert found["first"]["batch_size"] is None
    assert found["first"]["learning_rate"] == found["second"]["learning_rate"] == 0.01
    assert "Nothing was shared" in cli("info", out).out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--together trains them at once"),
        (["--together"], "needs an --out FOLDER"),
        (["--together", "--ensemble", "3"], "--ensemble is for one panel"),
        (["--together", "--folds", "3"], "--folds is for one panel"),
        (["--together", "--print-config"], "--print-config is for one panel"),
        (["--together", "--sharing", "trunks", "--out", "OUT"], "did you mean 'trunk'"),
        (["--together", "--set", "together.apart=4x", "--out", "OUT"], "apart"),
        (["--together", "--set", "together.speed=1", "--out", "OUT"], "unknown key 'speed'"),
    ],
)
def test_what_cannot_be_is_refused(
    cli: Run, tables: list[Path], tmp_path: Path, options: list[str], message: str
) -> None:
    given = [str(tmp_path / "out") if each == "OUT" else each for each in options]
    done = cli("train", *tables, *given)
    assert done.code != 0
    assert message in done.err
    assert not (tmp_path / "out").exists()


def test_sharing_needs_several_panels(cli: Run, tables: list[Path], tmp_path: Path) -> None:
    out: Any = ["--out", tmp_path / "out"]
    assert "--sharing needs --together" in cli("train", tables[0], "--sharing=muir", *out).err
    assert "two panels or more" in cli("train", tables[0], "--together", *out).err
    twice = cli("train", tables[0], tables[0], "--together", *out)
    assert "two panels are called 'first'" in twice.err


@pytest.mark.parametrize("key", ["panels", "together"])
def test_settings_of_several_panels_are_for_several(
    cli: Run, tables: list[Path], tmp_path: Path, key: str
) -> None:
    (tmp_path / "several.yaml").write_text(f"{key}: {{}}\n")
    done = cli("train", tables[0], "--config", tmp_path / "several.yaml", "--out", tmp_path / "x")
    assert done.code == 2
    assert f"several.yaml: '{key}' is for --together" in done.err


def test_an_unreadable_record_is_told(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "together.json").write_text("{}")
    done = cli("info", tmp_path)
    assert done.code != 0
    assert "does not say what was trained together" in done.err
