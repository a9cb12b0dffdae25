"""An installed package brings kinds of its own, and every process knows them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint, fingerprints
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.errors import ConfigError, ModelFolderError, WorkerError
from bioassay_mtl.metrics import metrics
from bioassay_mtl.metrics.metric import as_metric
from bioassay_mtl.models.folder import read_config, read_folder
from bioassay_mtl.models.plugin_kinds import check_kinds
from tests.conftest import Run
from tests.plugin_packages import ROOT, install_example, write_package
from tests.screening.tiny_model import tiny_model

PANEL = ROOT / "datasets" / "example_panel.csv"
SETTINGS = ROOT / "examples" / "plugin" / "settings.yaml"
MOLECULES = ROOT / "datasets" / "example_molecules.smi"
KINDS = {
    ("bioassay_mtl.balancers", "root"),
    ("bioassay_mtl.experts", "tanh"),
    ("bioassay_mtl.fingerprints", "ring_sizes"),
    ("bioassay_mtl.gates", "sigmoid"),
    ("bioassay_mtl.losses", "brier"),
    ("bioassay_mtl.metrics", "hits_in_ten"),
    ("bioassay_mtl.splits", "every_tenth"),
}


def run(*arguments: Any, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh process of Python, with the packages of a folder or without."""
    path = os.pathsep.join([str(ROOT), *([str(site)] if site else [])])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
    )


def command(*arguments: Any, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run("-m", "bioassay_mtl.cli.app", *arguments, site=site)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def model(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on the command line with one kind of each sort, in a process of its own."""
    out = tmp_path_factory.mktemp("models") / "mine"
    done = command(
        "train", PANEL, "--out", out, "--config", SETTINGS,
        *("--set", "epochs=1", "--device", "cpu"),
        site=site,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def test_the_command_lists_them(cli: Run, site: Path) -> None:
    done = command("plugins", "--json", site=site)
    found = json.loads(done.stdout)
    assert {(each["group"], each["name"]) for each in found} == KINDS
    assert {each["fault"] for each in found} == {""}
    assert cli("plugins") == (0, "", "no package brings any\n")


def test_the_command_says_what_is_wrong_with_each(tmp_path: Path) -> None:
    points = {
        "bioassay_mtl.losses": {"focal": "fine:Loss", "mine": "broken:Loss"},
        "bioassay_mtl.gates": {"good": "fine:GoodGate"},
    }
    fine = "from bioassay_mtl.nn.gates import Gate\nclass GoodGate(Gate): ..."
    write_package(tmp_path, "several", points, {"fine": fine, "broken": "import no_such_module"})
    done = command("plugins", site=tmp_path)
    assert done.returncode == 0
    good, taken, broken = done.stdout.splitlines()
    assert good == "gates good: several 1.0"
    assert taken.startswith("losses focal: several 1.0: cannot be used: ")
    assert taken.endswith("is left out: loss 'focal' is built in")
    assert broken.startswith("losses mine: several 1.0: cannot be used: ")
    assert broken.endswith("ModuleNotFoundError: No module named 'no_such_module'")


@pytest.mark.slow
def test_a_model_is_trained_with_them(model: Path) -> None:
    config = read_config(model)
    assert config["training"]["config"]["balance"]["kind"] == "root"
    assert config["training"]["config"]["loss"]["kind"] == "brier"
    assert config["training"]["config"]["split"]["kind"] == "every_tenth"
    (group, _) = config["network"]["experts"]
    assert (group["kind"], config["network"]["gate"]["kind"]) == ("tanh", "sigmoid")
    assert (
        0 <= json.loads((model / "metrics.json").read_text())["test"]["macro"]["hits_in_ten"] <= 1
    )
    known = {"distribution": "bioassay-mtl-example", "version": "1.0"}
    assert config["plugins"] == [
        {"group": "bioassay_mtl.experts", "kind": "tanh", **known},
        {"group": "bioassay_mtl.gates", "kind": "sigmoid", **known},
        {"group": "bioassay_mtl.fingerprints", "kind": "ring_sizes", **known},
    ]


@pytest.mark.slow
@pytest.mark.soak
def test_what_it_needs_is_told(model: Path, site: Path) -> None:
    done = command("info", model, "--json", site=site)
    assert json.loads(done.stdout)["versions"]["bioassay-mtl-example"] == "1.0"


@pytest.mark.slow
def test_workers_and_fresh_processes_know_them(model: Path, site: Path, tmp_path: Path) -> None:
    out = tmp_path / "hits.csv"
    screened = command(
        "screen", MOLECULES, "--model", model, "-o", out, "--workers", 2, "--batch-size", 10,
        site=site,
    )  # fmt: skip
    assert screened.returncode == 0, screened.stderr
    hits = pd.read_csv(out)
    assert set(hits["status"]) == {"ok"}
    program = (
        "import sys, pandas as pd, bioassay_mtl as bm\n"
        "smiles = pd.read_csv(sys.argv[2])['smiles']\n"
        "bm.load(sys.argv[1]).predict(smiles.tolist()).to_csv(sys.stdout, index=False)"
    )
    predicted = run("-c", program, model, out, site=site)
    assert predicted.returncode == 0, predicted.stderr
    (tmp_path / "predicted.csv").write_text(predicted.stdout)
    expected = pd.read_csv(tmp_path / "predicted.csv")
    columns = [name for name in expected.columns if name != "status"]
    np.testing.assert_allclose(hits[columns], expected[columns], atol=5e-7)


@pytest.mark.slow
def test_without_the_package_its_name_is_said(cli: Run, model: Path) -> None:
    for verb in (("screen", MOLECULES, "--model", model), ("info", model)):
        done = cli(*verb)
        assert (done.code, done.out) == (2, "")
        assert "'ring_sizes'" in done.err or "'tanh'" in done.err
        assert "plug-in package 'bioassay-mtl-example' '1.0', which is not installed" in done.err
    with pytest.raises(ModelFolderError, match="which is not installed: install it"):
        read_folder(model)


def test_help_and_import_look_for_none(site: Path) -> None:
    program = (
        "import sys, atexit\n"
        "def seen(): print([m for m in sys.modules if 'plugin' in m], file=sys.stderr)\n"
        "atexit.register(seen)\n"
        "import bioassay_mtl\n"
        "from bioassay_mtl.cli.app import app\n"
        "app(['train', '--help'])"
    )
    done = run("-c", program, site=site)
    assert "Train a model" in done.stdout
    assert "bioassay_plugin" not in done.stderr
    assert "'bioassay_mtl.plugins'" not in done.stderr


@pytest.mark.soak
def test_an_unknown_kind_is_compared_with_those_of_plugins(site: Path) -> None:
    done = command("train", "--print-config", "--set", "loss.kind=brrier", site=site)
    assert done.returncode == 2
    assert done.stderr == "error: unknown loss 'brrier' (did you mean 'brier'?)\n"


@pytest.mark.soak
def test_a_name_that_is_taken_is_told_of_in_training(tmp_path: Path) -> None:
    points = {"bioassay_mtl.losses": {"focal": "mine:Focal"}}
    write_package(tmp_path, "taker", points, {"mine": "1 / 0"})
    done = command("train", "--print-config", "--set", "loss=focal", site=tmp_path)
    assert done.returncode == 0
    assert "gamma: 2.0" in done.stdout
    assert done.stderr.count("plug-in 'focal' of taker 1.0 (entry point 'mine:Focal'") == 1
    assert "is left out: loss 'focal' is built in" in done.stderr


def test_a_broken_metric_ends_no_training(caplog: pytest.LogCaptureFixture) -> None:
    def broken(ranking: Any) -> Any:
        return 1 / 0

    labels, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.1, 0.4, 0.6])
    for _ in range(2):
        assert np.isnan(as_metric("broken", broken)(labels, scores)).all()
    metric = as_metric("auc", metrics["roc_auc"])
    assert metric(labels, scores).tolist() == [0.75]
    assert as_metric("one", lambda ranking: [1.0, 2.0])(labels, scores).tolist() != [1.0]
    said = [record.getMessage() for record in caplog.records]
    assert (
        said[0]
        == f"metric 'broken' of {__name__} is not defined: ZeroDivisionError: division by zero"
    )
    assert "found values (2,), and (1,) are expected" in said[-1]
    with pytest.raises(TypeError, match="a function is expected, found 3"):
        as_metric("three", 3)


class Alone(MorganFingerprint):
    """A fingerprint that this process alone knows."""

    kind: str = "alone"  # type: ignore[assignment]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Featurizer:
    monkeypatch.setitem(fingerprints._entries, "alone", Alone)
    return Featurizer({"alone": Alone(n_bits=64)})


def test_workers_that_cannot_know_a_kind_are_not_started(
    alone: Featurizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    smiles = ["CCO"] * 3000
    assert featurize(smiles, alone).ok.all()
    with pytest.raises(ConfigError, match="fingerprint 'alone' is known to this process alone"):
        featurize(smiles, alone, workers=2)


def test_a_worker_answers_with_the_real_error(
    alone: Featurizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(fingerprints._entries, "alone")  # so that nobody can tell before
    with pytest.raises(ConfigError, match="in a worker process: unknown fingerprint 'alone'"):
        featurize(["CCO"] * 3000, alone, workers=2)


def test_a_model_of_such_a_kind_says_so_elsewhere(
    alone: Featurizer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = tiny_model()
    model.featurizer = Featurizer({**model.featurizer.fingerprints, "alone": Alone(n_bits=64)})
    folder = model.save(tmp_path / "model")
    assert read_config(folder)["plugins"] == [
        {"group": "bioassay_mtl.fingerprints", "kind": "alone"}
    ]
    assert read_folder(folder).featurizer == model.featurizer
    monkeypatch.delitem(fingerprints._entries, "alone")
    with pytest.raises(ModelFolderError, match="registered by the code that saved the model"):
        read_folder(folder)


def test_a_plugin_that_computes_other_features_is_named(
    alone: Featurizer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    points = {"bioassay_mtl.fingerprints": {"alone": "whatever:Alone"}}
    write_package(tmp_path, "rings", points, {}, version="2.0")
    monkeypatch.syspath_prepend(tmp_path)
    alone.check_probe(alone.probe())
    with pytest.raises(ModelFolderError, match=r"by the plug-in 'alone' of rings 2\.0 .*RDKit 20"):
        alone.check_probe("of other features")


def test_a_model_of_built_in_kinds_needs_no_plugins(tmp_path: Path) -> None:
    assert "plugins" not in read_config(tiny_model().save(tmp_path / "model"))


@pytest.mark.parametrize(
    "needed",
    [
        {"group": "bioassay_mtl.experts", "kind": "antigravity", "distribution": "antigravity"},
        {"group": "bioassay_mtl.experts", "kind": "antigravity:x", "distribution": "pip"},
        {"group": "console_scripts", "kind": "pip", "distribution": "pip", "version": "1"},
        {"group": "", "kind": "os.system", "distribution": "x"},
    ],
)
def test_a_model_folder_does_not_choose_what_is_imported(needed: Any, tmp_path: Path) -> None:
    before = set(sys.modules)
    with pytest.raises(ModelFolderError, match="which is not installed"):
        check_kinds([needed], tmp_path)
    assert "antigravity" not in set(sys.modules) - before


@pytest.mark.parametrize("recorded", [3, [3], [{"group": 3}], [{"kind": "x"}], [{"code": "x"}]])
def test_an_odd_list_of_plugins_is_refused(recorded: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="its list of plug-ins cannot be read"):
        check_kinds(recorded, tmp_path)


def test_another_version_is_told_of(
    site: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_package(
        tmp_path,
        "rings",
        {"bioassay_mtl.fingerprints": {"alone": "whatever:Alone"}},
        {},
        version="2.0",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(fingerprints._entries, "alone", Alone)
    needed = {"group": "bioassay_mtl.fingerprints", "kind": "alone", "distribution": "rings"}
    check_kinds([{**needed, "version": "2.0"}], tmp_path)
    assert not caplog.records
    check_kinds([{**needed, "version": "1.0"}], tmp_path)
    (record,) = caplog.records
    assert "was of 'rings' '1.0' when the model was saved" in record.getMessage()
    assert "is now the plug-in 'alone' of rings 2.0" in record.getMessage()


@pytest.mark.soak
def test_a_rank_that_cannot_know_a_kind_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    from bioassay_mtl.nn.gates import Gate, gates
    from bioassay_mtl.panels import Panel
    from bioassay_mtl.training import train

    monkeypatch.setitem(gates._entries, "alone", type("AloneGate", (Gate,), {"scores": scores}))
    network = {"experts": [{"inputs": ["morgan"], "n": 2, "width": 8}], "gate": {"kind": "alone"}}
    settings = {"network": network, "epochs": 1, "devices": 2, "device": "cpu", "loggers": ()}
    inputs = {"morgan": {"kind": "morgan"}}
    with pytest.raises(WorkerError) as caught:
        train(Panel.read(PANEL), {"inputs": inputs, **settings})
    assert "unknown gate 'alone'" in str(caught.value)
    assert "gate 'alone' is known to this process alone" in str(caught.value)
    assert "'bioassay_mtl.gates': see docs/plugins.md" in str(caught.value)


def scores(gate: Any, inputs: Any) -> Any:
    import torch

    return torch.zeros(1, gate.n_tasks, gate.n_experts)


def test_the_guide_names_every_group() -> None:
    from bioassay_mtl.cli.plugins import registries

    page = (ROOT / "docs" / "plugins.md").read_text()
    groups = {group.partition(".")[2] for group in registries()}
    named = set(re.findall(r"^\| `([a-z.]+)` \|", page, flags=re.MULTILINE))
    assert named | {g for g in groups if g.startswith("metrics.")} == groups
    metadata = (ROOT / "examples" / "plugin" / "pyproject.toml").read_text()
    shown = re.findall(r'entry-points\."(\S+)"\]\n(\w+) =', metadata)
    assert set(shown) == KINDS


@pytest.mark.soak
def test_the_first_example_of_the_guide_works(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text()
    (code,) = re.findall(r"```python\n# my_package/losses.py\n(.*?)```", page, flags=re.DOTALL)
    ((group, name, target),) = re.findall(
        r'```toml\n.*?entry-points\."(\S+)"\]\n(\w+) = "(\S+)"\n```', page, flags=re.DOTALL
    )
    write_package(tmp_path, "my-package", {group: {name: target}}, {})
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "losses.py").write_text(code)
    done = command("train", "--print-config", "--set", "loss=brier", site=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "loss:\n  kind: brier\n" in done.stdout


@pytest.mark.soak
def test_what_lies_in_the_current_folder_is_not_installed(tmp_path: Path) -> None:
    points = {"bioassay_mtl.losses": {"brier": "code:Loss"}}
    write_package(tmp_path, "a-download", points, {"code": "raise SystemExit('run')"})
    program = ["-m", "bioassay_mtl.cli.app", "train", "--print-config", "--set", "loss=brier"]
    done = subprocess.run(
        [sys.executable, *program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "unknown loss 'brier'" in done.stderr
