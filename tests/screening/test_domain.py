"""A screen tells how near its molecules are to those that the model was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.training import train

TASKS = ["a", "b", "level"]
INPUTS: dict[str, dict[str, dict[str, Any]]] = {
    "folded": {"morgan": {"kind": "morgan", "n_bits": 4096, "counts": True}},
    "computed": {"maccs": {"kind": "maccs"}},
}


@pytest.fixture(scope="module", params=["folded", pytest.param("computed", marks=pytest.mark.soak)])
def folder(
    request: pytest.FixtureRequest, nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    inputs = INPUTS[request.param]
    rng = np.random.default_rng(0)
    smiles = nci_smiles[:300]
    values = np.stack(
        [rng.integers(0, 2, 300), rng.integers(0, 2, 300), rng.normal(6, 1, 300)], axis=1
    )
    panel = Panel.from_arrays(smiles, values, TASKS, kinds=["binary", "binary", "regression"])
    path = tmp_path_factory.mktemp("models") / "model"
    experts = [{"inputs": list(inputs), "n": 2, "width": 8, "depth": 1}]
    train(panel, {"fingerprints": inputs, "network": {"experts": experts}, "epochs": 1}, out=path)
    return path


@pytest.fixture(scope="module")
def library(nci_smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "library.smi"
    path.write_text("\n".join([*nci_smiles[250:350], "not_a_molecule", "[Na+].[Cl-]"]) + "\n")
    return path


def run(model: Model | PendingModel, path: Path, out: Path, **options: object) -> pd.DataFrame:
    chosen = ScreenOptions.of({"overwrite": True, "workers": 1, "batch_size": 40, **options})
    screen([path], model, out, chosen)
    return pd.read_csv(out, dtype={"nearest": str}, keep_default_na=False, na_values=[""])


def test_it_says_what_the_model_says(folder: Path, library: Path, tmp_path: Path) -> None:
    plain = run(PendingModel(folder), library, tmp_path / "plain.csv")
    table = run(PendingModel(folder), library, tmp_path / "out.csv", annotate=("domain",))
    pd.testing.assert_frame_equal(table[plain.columns], plain)
    told = Model.load(folder).domain([*table["smiles"]], TASKS)
    assert table["nearest"].fillna("").tolist() == told["nearest"].tolist()
    ok = told["status"] == "ok"
    assert table["in_domain"][ok].astype(bool).tolist() == told["in_domain"][ok].tolist()
    assert table["in_domain"][~ok].isna().all()
    for name in ("similarity", *(f"{task}:nearest_active" for task in TASKS)):
        np.testing.assert_allclose(table[name], told[name], atol=1e-6)
    for task in ("a", "b"):
        assert table[f"{task}:known"].fillna("").tolist() == told[f"{task}:known"].tolist()
    assert table["a:known"].notna().sum() == table["in_training"].fillna(value=False).sum() > 0


def test_chosen_assays_and_top_have_their_own(folder: Path, library: Path, tmp_path: Path) -> None:
    options = {"annotate": ("domain",), "assays": ("b",)}
    whole = run(PendingModel(folder), library, tmp_path / "out.csv", **options)
    assert {"b:known", "b:nearest_active"} < {*whole.columns}
    assert "a:known" not in whole.columns
    long = run(PendingModel(folder), library, tmp_path / "long.csv", long=True, **options)
    assert long["nearest_active"].tolist() == pytest.approx(
        whole["b:nearest_active"].tolist(), nan_ok=True
    )
    best = run(PendingModel(folder), library, tmp_path / "top.csv", top=3, **options)
    rows = whole.set_index("row").loc[best["row"]]
    assert best["nearest"].tolist() == rows["nearest"].tolist()
    assert best["known"].fillna("").tolist() == rows["b:known"].fillna("").tolist()


def test_a_model_that_keeps_none_is_named(folder: Path, library: Path, tmp_path: Path) -> None:
    model = Model.load(folder)
    del model.beside["domain"]
    with pytest.raises(ConfigError, match="does not keep its training molecules"):
        run(model, library, tmp_path / "out.csv", annotate=("domain",))
    assert not (tmp_path / "out.csv").exists()
