"""Tables that go wrong: a clear line, or a model; never the program's own fault."""

from __future__ import annotations

import csv
import itertools
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioassay_mtl.errors import BioassayError
from bioassay_mtl.panels import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.cross_validation import cross_validate
from tests.cli.conftest import Run
from tests.panels.test_clean import tables

SETTINGS = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 64}},
    "network": {"experts": [{"inputs": ["morgan"], "n": 1, "width": 8}]},
    "epochs": 1,
    "device": "cpu",
}
SMILES = ["CCO", "CCN", "c1ccccc1", "CC(=O)O", "CCCl", "OCCO", "CCCC", "CNC", "Oc1ccccc1", "C=CC"]
OUTCOMES = [0, 1] * 5


def table(**columns: Any) -> dict[str, list[Any]]:
    return {"smiles": SMILES, **columns}


def trained(cli: Run, folder: Path, rows: dict[str, list[Any]], *options: Any) -> Any:
    """The command's result on a table; its model, if there is one, is whole."""
    config, panel, out = (folder / name for name in ("settings.json", "panel.csv", "model"))
    config.write_text(json.dumps(SETTINGS))
    with panel.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(name.split("/")[0] for name in rows)
        writer.writerows(itertools.zip_longest(*rows.values()))
    done = cli("train", panel, "--out", out, "--config", config, "--workers", 1, *options)
    assert done.code in (0, 2), done.err
    assert "Traceback" not in done.err
    assert (done.code == 0) == (out / "report.html").exists()
    return done


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"smiles": SMILES, "a": OUTCOMES, "a/2": OUTCOMES}, "line 1: column 'a' occurs twice"),
        (table(a=["5 nM", "5 uM"] * 5), "mixed units in 'a': nM, uM (--to-p converts"),
        (table(assay=["x"] * 10, value=range(2, 12), unit=["nM", "uM"] * 5), "mixed units in 'x'"),
        (table(assay=["x"] * 10, value=range(2, 12), relation=["?", "="] * 5), "such as > or <="),
        (table(a=[""] * 10, b=[""] * 10), "('a' is empty; 'b' is empty)"),
        (table(a=[1.5] * 10), "('a' is one value alone)"),
        (table(assay=["x"] * 10, value=[""] * 10), "error: "),
        ({"smiles": [], "a": []}, "it has no rows"),
        ({"smiles": ["no molecule"] * 4, "a": [0, 1] * 2}, "no row is left to train on"),
        ({"structures": SMILES, "a": OUTCOMES}, "no SMILES column"),
    ],
)
def test_a_clear_message(
    cli: Run, tmp_path: Path, rows: dict[str, list[Any]], message: str
) -> None:
    done = trained(cli, tmp_path, rows)
    assert done.code == 2
    assert message in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    "options",
    [
        (),
        pytest.param(("--folds", 2), marks=pytest.mark.soak),
        pytest.param(("--ensemble", 2), marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (table(a=[*(n * 1e35 for n in range(9)), 1e39]), "9 rows"),
        (table(a=[">1", *OUTCOMES[1:]]), "9 rows"),
        (
            table(assay=["x"] * 10, value=["high", *range(2, 11)]),
            "9 molecules, 1 assay (1 regression)",
        ),
        (table(a=[1] * 10, b=[0] * 10), "one outcome alone, from which nothing can be learned: a"),
        (table(a=OUTCOMES, b=[""] * 10, c=[7.5] * 10), "no assays: b (empty), c (one value alone)"),
        ({"smiles": ["CCO", "CCN"], "a": [1, 0]}, "2 molecules, 1 assay (1 binary)"),
        (table(ic50=[">10000"] * 10), "1 censored"),
        (table(assay=["x", "y"] * 5, value=range(10), relation=["<", "="] * 5), "2 censored"),
        ({"smiles": ["CCO", "OCC"] * 5, "a": OUTCOMES}, "9 rows repeat a molecule"),
        ({"smiles": ["C", "CC", "CCC"], "a": [1, 0, 1], "v": ["2", ">3", ""]}, "1 censored"),
    ],
)
@pytest.mark.cases(3)
def test_a_sensible_result(
    cli: Run, tmp_path: Path, rows: dict[str, list[Any]], said: str, options: tuple[Any, ...]
) -> None:
    done = trained(cli, tmp_path, rows, *options)
    assert said in done.err
    one_group = len(set(rows["smiles"])) == 2 and len(rows["smiles"]) > 2
    assert done.code == (2 if one_group and "--folds" in options else 0), done.err


def test_a_single_molecule(cli: Run, tmp_path: Path) -> None:
    done = trained(cli, tmp_path, {"smiles": ["CCO"], "a": [1]})
    assert done.code == 0
    assert "1 molecule, 1 assay (1 binary)" in done.err


def test_a_column_twice_in_parquet(cli: Run, tmp_path: Path) -> None:
    columns = [pa.array(SMILES), pa.array(OUTCOMES), pa.array(OUTCOMES)]
    panel = tmp_path / "p.parquet"
    pq.write_table(pa.Table.from_arrays(columns, names=["smiles", "a", "a"]), panel)
    done = cli("train", panel, "--out", tmp_path / "model")
    assert done.code == 2
    assert "column 'a' occurs twice" in done.err


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.booleans())
def test_any_panel_trains_or_says_why(
    tmp_path_factory: pytest.TempPathFactory, text: str, by_folds: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "p.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(BioassayError):  # and nothing else
        panel = Panel.read(path)
        if by_folds:
            cross_validate(panel, SETTINGS, 2)
        else:
            train(panel, SETTINGS)
