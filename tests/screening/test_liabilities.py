"""A screen says what is wrong with a molecule beside what it may do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from bioassay_mtl.chem.liabilities import liabilities
from bioassay_mtl.chem.pool import Records
from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.annotators.liabilities import LiabilitiesAnnotator
from bioassay_mtl.screening.hits import n_far_above, usual_shares
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.conftest import Run
from tests.screening.mixed_model import mixed_model
from tests.screening.test_confidence import sure  # noqa: F401
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


@pytest.mark.parametrize("asked", [{"top": 3}, {"select": 0.5}])
def test_where_hits_are_written_these_alone_are_looked_at(
    sure: Model,  # noqa: F811
    nci_smiles: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, float],
) -> None:
    looked_at = list[int]()
    ask = LiabilitiesAnnotator._asked

    def noted(self: LiabilitiesAnnotator, requests: Sequence[Records]) -> Any:
        looked_at.extend(len(each.structures) for each in requests)
        return ask(self, requests)

    monkeypatch.setattr(LiabilitiesAnnotator, "_asked", noted)
    monkeypatch.setattr("bioassay_mtl.screening.spill.CHANGED_AT_ONCE", 7)
    monkeypatch.setattr("bioassay_mtl.screening.annotators.liabilities.HITS_AT_ONCE", 4)
    source = tmp_path / "in.smi"
    source.write_text("\n".join([*nci_smiles[:120], "nomolecule("]))
    annotate = ("liabilities", "confidence")
    options = ScreenOptions.of({"workers": 1, "batch_size": 16, "annotate": annotate, **asked})
    for name, everything in (("hits", None), ("all", True)):
        screen([source], sure, tmp_path / f"{name}.csv", options, annotate_all=everything)
        looked_at.append(0)
    end = looked_at.index(0)
    hits = pd.read_csv(tmp_path / "hits.csv")
    assert len(hits) >= 15
    assert sum(looked_at[:end]) == hits["row"].nunique() < 121
    assert max(looked_at[:end]) == 4
    assert sum(looked_at[end:]) == 121
    assert (tmp_path / "hits.csv").read_bytes() == (tmp_path / "all.csv").read_bytes()


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
