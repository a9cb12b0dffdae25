"""The verbs with models of other than binary tasks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.model import Model
from bioassay_mtl.tasks import Censored, Regression
from tests.cli.conftest import Run
from tests.screening.mixed_model import TASKS, mixed_model

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC", "CCCC", "OCC(O)CO"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mixed_model().save(tmp_path_factory.mktemp("models") / "mixed")


def test_info_tells_the_kinds(folder: Path, cli: Run) -> None:
    told = cli("info", folder)
    assert told.code == 0, told.err
    assert "1 multiclass, 1 regression, 1 binary, 1 ordinal, 1 censored" in told.out
    assert "380 measured cells" in told.out
    facts = json.loads(cli("info", folder, "--json").out)
    assert facts["kinds"][4] == {"kind": "censored", "unit": "pIC50"}
    assert len(facts["gate_utilisation"]) == len(TASKS)


def test_info_tells_the_means_of_each_kind_once(cli: Run, tmp_path: Path) -> None:
    model = mixed_model()
    means = {"binary": {"roc_auc": 0.75}, "regression": {"rmse": 1.5}}
    model.metrics = {"test": {"macro": means["binary"], "macro_by_kind": means}}
    rows = [line.split() for line in cli("info", model.save(tmp_path / "m")).out.splitlines()]
    assert ["binary", "roc_auc", "0.75"] in rows
    assert ["regression", "rmse", "1.5"] in rows
    assert sum("roc_auc" in row for row in rows) == 1


def test_info_of_values_says_nothing_of_actives(cli: Run, tmp_path: Path) -> None:
    values = mixed_model((Regression(unit="M"), Regression())).save(tmp_path / "values")
    told = cli("info", values).out
    assert "measured cells" in told
    assert "active" not in told


def test_evaluate_reads_labels_as_the_model_means_them(
    folder: Path, cli: Run, tmp_path: Path
) -> None:
    labels = {
        "mode": ["agonist", "neither", "agonist", "antagonist", "", "neither"],
        "toxic": ["1", "0", "0", "", "1", "0"],
        "dose": ["high", "low", "low", "high", "low", ""],
        "potency": ["5.1", ">4.5", "", "-2.25", "<0.5", "1"],
    }
    panel = tmp_path / "panel.csv"
    pd.DataFrame({"smiles": SMILES, **labels}).to_csv(panel, index=False)
    done = cli("evaluate", folder, panel, "--out", tmp_path / "found.json", "--bootstrap", 5)
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found["macro_by_kind"]) == {"multiclass", "binary", "ordinal", "censored"}
    assert "ordinal quadratic_kappa" in done.out
    nan = np.nan
    columns = ["toxic", "potency"]
    expected = evaluate(
        np.array([[1, 5.1], [0, 4.5], [0, nan], [nan, -2.25], [1, 0.5], [0, 1]], np.float32),
        Model.load(folder).predict(SMILES)[columns].to_numpy(),
        columns,
        kinds=[mixed_model().kinds[2], Censored()],
        bounds=np.array([[0, 0], [0, 1], [0, 0], [0, 0], [0, -1], [0, 0]], np.int8),
    )
    for kind in ("binary", "censored"):
        for name, value in expected.kind_macro[kind].items():
            assert found["macro_by_kind"][kind][name] == pytest.approx(value), name


def test_show_looks_at_probabilities_of_activity(folder: Path, cli: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.smi"
    source.write_text("\n".join(SMILES) + "\n")
    out, page = tmp_path / "o.csv", tmp_path / "page.html"
    done = cli("screen", source, "--model", folder, "-o", out, "--show", 5, "--report", page)
    assert done.code == 0, done.err
    assert "toxic" in done.out
    assert not [name for name in ("potency", "mode[", "dose[") if name in done.out]
    shown = [line.split()[:2] for line in done.out.splitlines() if "toxic" in line]
    titles = (part.split("</h3>")[0] for part in page.read_text().split("<h3>"))
    cards = [title for title in titles if title.startswith("row ")]
    assert [" ".join(row) for row in shown] == cards[:5]
    values = tmp_path / "values"
    mixed_model((Regression(), Censored())).save(values)
    refused = cli("screen", source, "--model", values, "-o", tmp_path / "p.csv", "--show", 5)
    assert refused.code == 2
    assert "values have no usual share of actives" in refused.err


@pytest.mark.soak
def test_known_directions_order_what_is_shown_written_and_picked(cli: Run, tmp_path: Path) -> None:
    source, about = tmp_path / "in.smi", tmp_path / "about.csv"
    source.write_text("\n".join(SMILES) + "\n")
    folder = mixed_model((Regression(), Censored(unit="pIC50"))).save(tmp_path / "values")
    about.write_text("assay,better\nmode,low\n")
    assert cli("assays", "describe", folder, "--about", about).code == 0
    out, top, page = tmp_path / "out.csv", tmp_path / "top.csv", tmp_path / "page.html"
    done = cli("screen", source, "--model", folder, "-o", out, "--show", 2, "--report", page)
    assert done.code == 0, done.err
    assert "Molecules of the best values" in done.out
    table = pd.read_csv(out)
    done = cli("screen", source, "--model", folder, "-o", top, "--top", 2)
    assert (
        "mode: lowest first (low is better); affinity: highest first (high is potent)" in done.err
    )
    ranked = pd.read_csv(top)
    assert ranked.loc[ranked["assay"] == "mode", "row"].tolist() == (
        table.sort_values("mode")["row"].head(2).tolist()
    )
    assert ranked.loc[ranked["assay"] == "affinity", "row"].tolist() == (
        table.sort_values("affinity", ascending=False)["row"].head(2).tolist()
    )
    cards = page.read_text().split('id="hits"')[1].split("</section>")[0]
    first = table.sort_values("mode")["row"].tolist()
    named = [int(part.split("<")[0]) for part in cards.split("<h3>row ")[1:]]
    assert named == [*first, *table.sort_values("affinity", ascending=False)["row"].tolist()]
    assert "(low is better)" in cards
    picks = tmp_path / "picks.csv"
    for given, lowest in (((), True), (("--highest",), False)):
        asked = ("--assay", "mode", "-n", 1, "--model", folder, "-o", picks, "--overwrite")
        done = cli("pick", out, *asked, *given)
        assert done.code == 0, done.err
        chosen = table.sort_values("mode", ascending=lowest)["row"].iloc[0]
        assert pd.read_csv(picks)["row"].tolist() == [chosen]
    assert "highest first" in done.err
