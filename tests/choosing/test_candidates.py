"""The best molecules of an assay are those of the predictions, whatever a screen wrote."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.choosing import read_candidates
from bioassay_mtl.errors import InputError
from tests.choosing.conftest import Screened
from tests.needs import extra
from tests.screening.tiny_model import TASKS, tiny_model


@pytest.mark.parametrize("name", ["h.csv", "h.tsv", "h.csv.gz", "h.jsonl", "h.parquet", "h.sdf"])
def test_formats_of_wide_tables(nci_smiles: list[str], screened: Screened, name: str) -> None:
    check(nci_smiles, screened(name))


def test_workbooks(nci_smiles: list[str], screened: Screened) -> None:
    extra("openpyxl", "excel")
    check(nci_smiles, screened("h.xlsx"))


@pytest.mark.parametrize("name", ["h.csv", "h.jsonl", "h.parquet"])
@pytest.mark.parametrize("options", [{"long": True}, {"top": 30}])
def test_long_tables(
    nci_smiles: list[str], screened: Screened, name: str, options: dict[str, Any]
) -> None:
    check(nci_smiles, screened(name, **options), all_there="long" in options)


def check(nci_smiles: list[str], path: Path, *, all_there: bool = True) -> None:
    smiles = [*nci_smiles[:120], nci_smiles[0], "nomolecule("]
    predicted = tiny_model().predict(smiles)
    scores = predicted[TASKS[1]].to_numpy()
    found = read_candidates(path, TASKS[1], 10)
    assert found.n_predicted == (int(np.isfinite(scores).sum()) if all_there else 30)
    expected = np.argsort(-np.nan_to_num(scores, nan=-1), kind="stable")[:10]
    assert [each.row for each in found.found] == (expected + 1).tolist()
    assert [each.id for each in found.found] == [f"id{n}" for n in expected]
    for each, n in zip(found.found, expected.tolist(), strict=True):
        assert each.score == pytest.approx(scores[n], abs=1e-6)
        assert each.in_training is None
        assert each.more == {}


def test_low_values_may_be_good(screened: Screened) -> None:
    path = screened()
    high, low = (
        read_candidates(path, TASKS[0], 1000),
        read_candidates(path, TASKS[0], 1000, lowest=True),
    )
    assert [each.score for each in low.found] == sorted(each.score for each in high.found)


@pytest.mark.soak
def test_what_stands_beside_is_read(screened: Screened) -> None:
    path = screened(annotate=("liabilities",), keep=("price",))
    found = read_candidates(path, TASKS[0], 3, keep=("price",))
    assert {*found.found[0].more} == {"mw", "logp", "tpsa", "qed", "alerts", "promiscuity", "price"}
    assert found.found[0].more["price"].endswith(".50")


@pytest.mark.parametrize(
    ("text", "assay", "said"),
    [
        ("smiles,PCBA-1\nCCO,0.5\n", "PCBA-2", "no assay 'PCBA-2'.*did you mean 'PCBA-1'"),
        ("structure,PCBA-1\nCCO,0.5\n", "PCBA-1", "no column 'smiles'"),
        ("smiles,PCBA-1\nCCO,\n", "PCBA-1", "no molecule has a prediction"),
        ("smiles,assay,probability\nCCO,x,0.5\n", "y", "no molecule has a prediction in 'y'"),
        ("", "y", "no column 'smiles'"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, assay: str, said: str) -> None:
    path = tmp_path / "hits.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_candidates(path, assay, 3)


def test_broken_files_are_named(tmp_path: Path) -> None:
    for name, content in {
        "a.csv.gz": gzip.compress(b"smiles,a\nC,1\n")[:-9],
        "a.jsonl": b"{\n",
        "a.parquet": b"PAR1",
        "a.pkl": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_candidates(tmp_path / name, "a", 3)
    with pytest.raises(InputError, match=r"this is a folder.*merge. makes a file of"):
        read_candidates(tmp_path, "a", 3)
    with pytest.raises(InputError, match="there is no such file"):
        read_candidates(tmp_path / "none.csv", "a", 3)
