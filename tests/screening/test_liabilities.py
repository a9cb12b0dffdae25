"""A screen says what is wrong with a molecule beside what it may do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from bioassay_mtl.chem.liabilities import liabilities
from bioassay_mtl.screening.hits import n_far_above, usual_shares
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.conftest import Run
from tests.screening.mixed_model import mixed_model
from tests.screening.tiny_model import TASKS, tiny_model

NAMES = ["mw", "logp", "tpsa", "qed", "alerts", "promiscuity"]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_columns_stand_before_the_assays(
    nci_smiles: list[str], tmp_path: Path, workers: int
) -> None:
    smiles = [*nci_smiles[:30], "nomolecule(", "O=C1C=CC(=O)C=C1"]
    source = tmp_path / "in.smi"
    source.write_text("\n".join(smiles))
    options = ScreenOptions(
        workers=workers, batch_size=16, annotate=("liabilities",), assays=(TASKS[1],)
    )
    model = tiny_model()
    screen([source], model, tmp_path / "out.csv", options)
    found = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert list(found.columns[5:]) == [*NAMES, TASKS[1]]
    table = model.predict(smiles)
    counts = n_far_above(table[list(TASKS)].to_numpy(), usual_shares(model))
    for row, text in enumerate(smiles):
        own = liabilities(text)
        if own is None:
            assert (found.loc[row, NAMES] == "").all()
            continue
        assert found["alerts"][row] == own.alerts
        assert float(str(found["mw"][row])) == pytest.approx(own.mw, rel=1e-5)
        assert int(str(found["promiscuity"][row])) == counts[row]
    assert "quinone" in found["alerts"].iloc[-1]


def test_the_best_and_mol_blocks_have_them(nci_smiles: list[str], tmp_path: Path) -> None:
    with Chem.SDWriter(str(tmp_path / "in.sdf")) as writer:
        for text in ("O=C1C=CC(=O)C=C1", "CCO"):
            writer.write(Chem.MolFromSmiles(text))
    options = ScreenOptions(workers=1, top=2, annotate=("liabilities",))
    screen([tmp_path / "in.sdf"], tiny_model(), tmp_path / "top.csv", options)
    found = pd.read_csv(tmp_path / "top.csv")
    assert len(found) == 2 * len(TASKS)
    for _, row in found.iterrows():
        own = liabilities(row["smiles"])
        assert own is not None
        assert row["qed"] == pytest.approx(own.qed, abs=1e-6)


def test_far_above_is_ten_times_or_half_way_up() -> None:
    predictions = np.array([[0.1, 0.2, 0.9], [0.09, 0.7, 0.9], [np.nan] * 3], np.float32)
    shares = np.array([0.01, 0.3, np.nan])
    assert n_far_above(predictions, shares).tolist() == [1, 1, -1]
    assert n_far_above(predictions, np.full(3, np.nan)).tolist() == [-1, -1, -1]


def test_models_of_values_count_only_outcomes(tmp_path: Path) -> None:
    (tmp_path / "in.smi").write_text("CCO\n")
    screen(
        [tmp_path / "in.smi"],
        mixed_model(),
        tmp_path / "out.csv",
        ScreenOptions(workers=1, annotate=("liabilities",)),
    )
    assert {*NAMES} <= {*pd.read_csv(tmp_path / "out.csv").columns}


def test_the_option(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "in.smi").write_text("CCO\n")
    out = tmp_path / "out.csv"
    assert cli("screen", tmp_path / "in.smi", "--annotate", "-o", out).code == 0
    assert list(pd.read_csv(out).columns[5:11]) == NAMES
