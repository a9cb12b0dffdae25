"""A certificate holds on held-out molecules, and is refused where nothing can be promised."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.certificate import certify
from bioassay_mtl.training.compression import compress
from tests.conftest import Run
from tests.training.test_low_dimensional import config

pytest.importorskip("constriction")
TINY = {"coordinates": 2, "shared": 40, "depth": 1}


@pytest.fixture(scope="module")
def table(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 different molecules and 2 assays that few numbers learn."""
    file = tmp_path_factory.mktemp("table") / "panel.csv"
    several = list(dict.fromkeys(nci_smiles))[:3_000]
    rows = [f"{each},{int('N' in each)},{int('S' in each)}" for each in several]
    file.write_text("\n".join(["smiles,inhibits_a,inhibits_b", *rows]) + "\n")
    return file


@pytest.fixture(scope="module")
def panel(table: Path) -> Panel:
    from bioassay_mtl.panels.read import read_panel

    return read_panel(table)


def coded(panel: Panel, **changes: Any) -> Model:
    split = {"kind": "random", "fractions": (0.9, 0.0, 0.1)}
    settings = config(TINY, **{"split": split, "calibrate": False, "domain": "none"} | changes)
    small = {"levels": 3, "bias_levels": 2, "threshold_levels": 2, "epochs": 3}
    return compress(train(panel, settings), small, panel=panel)


@pytest.fixture(scope="module")
def model(panel: Panel) -> Model:
    return coded(panel)


def test_bounds_are_above_what_is_seen_and_held_out(model: Model, panel: Panel) -> None:
    found = certify(model, panel)
    assert [each.name for each in found.statements] == [
        "error",
        "misses",
        "false alarms",
        "balanced error",
        "error of assays",
    ]
    for each in found.statements:
        assert each.rates.seen < each.rates.bound
        assert each.held_out is not None
        assert each.held_out < each.rates.bound
    assert found.statements[0].rates.says_something
    assert found.n_rows == found.statements[0].rates.n
    assert "95%" in found.promise
    assert "other scaffolds" in found.promise


@pytest.mark.soak
def test_searching_and_certainty_cost(model: Model, panel: Panel) -> None:
    usual = certify(model, panel).statements[0].rates.bound
    assert certify(model, panel, n_searched=1_000).statements[0].rates.bound > usual
    assert certify(model, panel, delta=1e-6).statements[0].rates.bound > usual


def test_what_is_seen_is_counted_a_molecule_at_a_time(model: Model, panel: Panel) -> None:
    from bioassay_mtl.training.compression.own_rows import own_session

    session = own_session(model, panel)
    outputs = model.outputs_of(session.features.take(session.parts.train))
    labels = panel.take(session.parts.train).cells.dense()
    thresholds = model.network.state_dict()["tower.threshold"].numpy()
    errors, misses = [], []
    for said, true in zip(outputs, labels, strict=True):
        errors.append(np.mean((said > 0) != (true == 1)))
        if (true == 1).any():
            misses.append(np.mean((said <= thresholds)[true == 1]))
    found = certify(model, panel).statements
    assert found[0].rates.seen == pytest.approx(np.mean(errors))
    assert found[1].rates.seen == pytest.approx(np.mean(misses))
    assert found[1].rates.n == len(misses)


@pytest.mark.soak
def test_the_command_tells_and_keeps_it(
    model: Model, table: Path, tmp_path: Path, cli: Run
) -> None:
    model.save(tmp_path / "coded")
    done = cli("certify", tmp_path / "coded", table, "--keep", "--report", tmp_path / "c.html")
    assert done.code == 0, done.err
    assert "balanced error: at most" in done.out
    assert "balanced error" in (tmp_path / "c.html").read_text()
    again = json.loads(cli("certify", tmp_path / "coded", table, "--json").out)
    kept = Model.load(tmp_path / "coded").beside["certificate"]
    assert [each.rates.bound for each in kept.statements] == [
        each["rates"]["bound"] for each in again["statements"]
    ]
    from bioassay_mtl.report.certificate import certificate_section

    section = certificate_section(Model.load(tmp_path / "coded"))
    assert "false alarms" in section.body
    assert not certificate_section(model).body


@pytest.mark.parametrize("kind", ["scaffold", "stratified"])
def test_other_splits_are_refused(kind: str, panel: Panel) -> None:
    some = panel.take(np.arange(120))
    model = coded(some, split={"kind": kind, "fractions": (0.9, 0.0, 0.1)}, epochs=1)
    with pytest.raises(ConfigError, match=f"trained on a {kind} split: bounds hold for"):
        certify(model, some)


def test_a_model_that_is_not_coded_is_refused(panel: Panel) -> None:
    some = panel.take(np.arange(120))
    with pytest.raises(ConfigError, match="is not coded: a bound pays for each bit"):
        certify(train(some, config(TINY, epochs=1)), some)


def test_duplicates_of_molecules_are_refused(panel: Panel) -> None:
    assert panel.structures is not None
    smiles = [*panel.structures[:100], *panel.structures[:3]]
    labels = np.tile([[0.0, 1.0], [1.0, 0.0]], (52, 1))[:103]
    copies = Panel.from_arrays(smiles, labels, ["a", "b"])
    copies = replace(copies) if len(copies) == 103 else copies
    model = coded(copies, epochs=1)
    if len(copies) < 103:
        pytest.skip("copies are merged")
    with pytest.raises(InputError, match="3 rows repeat a molecule of another row"):
        certify(model, copies)


def test_another_panel_is_refused(model: Model, panel: Panel) -> None:
    with pytest.raises(InputError, match="the panel that"):
        certify(model, panel.take(np.arange(100)))


def test_inputs_that_are_scaled_to_the_molecules_are_refused(panel: Panel) -> None:
    some = panel.take(np.arange(120))
    reads = {"descriptors": {"kind": "rdkit_descriptors"}}
    network = {"inputs": ["descriptors"]}
    model = train(some, config(TINY | network, epochs=1, fingerprints=reads))
    with pytest.raises(ConfigError, match=r"reads real-valued inputs \(descriptors\)"):
        certify(compress(model), some)
