"""Models that read columns of the input: the numbers of ``Model.predict``, or a clear refusal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import FeatureScaler
from bioassay_mtl.nn.architectures.base import build_network, network_config
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen

INPUTS = {
    "morgan": {"kind": "morgan", "n_bits": 64},
    "conditions": {"kind": "columns", "names": ["dose", "pH"]},
    "again": {"kind": "columns", "names": ["dose"]},
}
TASKS = ("first", "second")


@pytest.fixture(scope="module")
def model() -> Model:
    """Untrained, but every input matters."""
    featurizer = Featurizer.from_config({"fingerprints": INPUTS})
    experts = [{"inputs": [name], "n": 1, "width": 8} for name in INPUTS]
    config = network_config({"experts": experts})
    torch.manual_seed(0)
    network = build_network(config, featurizer.input_sizes, TASKS)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    ranks = np.linspace(0, 14, 65, dtype=np.float32)
    scalings = {
        "conditions": FeatureScaler(np.stack([ranks, ranks])),
        "again": FeatureScaler(ranks[None]),
    }
    counts = {"active": [1, 1], "inactive": [9, 9]}
    return Model(network, config, featurizer, TASKS, counts, scalings=scalings)


TABLE: dict[str, list[Any]] = {
    "id": [f"m{n}" for n in range(7)],
    "pH": [7.4, 2.0, None, 9.25, 6.5, 7.0, 13.0],
    "smiles": ["CCO", "c1ccccc1O", "CCN", "not a molecule", "CCCC", "", "OCC(O)CO"],
    "dose": [0.1, 1e-3, 5.0, 1.0, None, 2.0, 1e30],
}


def written(path: Path, table: dict[str, list[Any]]) -> Path:
    frame = pd.DataFrame(table)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def expected(model: Model, table: dict[str, list[Any]]) -> tuple[list[str], list[list[str]]]:
    found = model.predict(table["smiles"], columns=table)
    rows = found[list(TASKS)].to_numpy()
    return found["status"].tolist(), [
        ["" if np.isnan(v) else f"{v:.6f}" for v in row] for row in rows
    ]


def screened(
    model: Model, inputs: Sequence[Path], out: Path, **options: Any
) -> tuple[list[str], list[list[str]]]:
    screen(inputs, model, out, ScreenOptions(**options))
    found = pd.read_csv(out, dtype=str, keep_default_na=False)
    return found["status"].tolist(), found[list(TASKS)].to_numpy().tolist()


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.parquet", "in.csv.gz"])
@pytest.mark.parametrize("options", [{}, {"batch_size": 2, "workers": 2}])
@pytest.mark.cases(4)
def test_numbers_are_those_of_predict(
    model: Model, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    source = written(tmp_path / name, TABLE)
    found = screened(model, [source], tmp_path / "out.csv", **options)
    assert found == expected(model, TABLE)
    assert found[0].count("ok") == 5


def test_columns_matter(model: Model, tmp_path: Path) -> None:
    other = {**TABLE, "dose": [14.0] * 7}
    assert expected(model, TABLE) != expected(model, other)
    both = [written(tmp_path / "a.csv", TABLE), written(tmp_path / "b.parquet", other)]
    status, rows = screened(model, both, tmp_path / "out.csv", batch_size=3)
    assert rows == expected(model, TABLE)[1] + expected(model, other)[1]
    assert len(status) == 14


def test_what_is_no_number_is_a_malformed_row(model: Model, tmp_path: Path) -> None:
    table = {**TABLE, "pH": ["7.4", "acid", "", "NA", " 6.5 ", "7", "n"]}
    status, rows = screened(model, [written(tmp_path / "in.csv", table)], tmp_path / "out.csv")
    malformed = "malformed_row"
    assert status == ["ok", malformed, "ok", "invalid_smiles", "ok", "empty", malformed]
    assert rows[1] == rows[6] == ["", ""]
    plain = {**table, "pH": ["7.4", "", "", "", "6.5", "7", ""]}
    kept = expected(model, plain)[1]
    assert [rows[n] for n in (0, 2, 4)] == [kept[n] for n in (0, 2, 4)]


def test_short_rows_keep_their_place(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("smiles,dose,pH\nCCO,1,7\nCCN,1\n\nCCC,2,7\n")
    status, _ = screened(model, [path], tmp_path / "out.csv")
    assert status == ["ok", "malformed_row", "empty", "ok"]


@pytest.mark.parametrize("missing", ["dose", "pH"])
@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_missing_column_is_named_before_anything_is_written(
    model: Model, tmp_path: Path, capfdbinary: Any, name: str, missing: str
) -> None:
    whole = written(tmp_path / "whole.csv", TABLE)
    table = {key: cells for key, cells in TABLE.items() if key != missing}
    source = written(tmp_path / name, table)
    for output in (tmp_path / "out.csv", "-"):
        with pytest.raises(
            InputError, match=f"the columns dose, pH are asked for; missing: {missing}"
        ):
            screen([whole, source], model, output)
    assert not (tmp_path / "out.csv").exists()
    assert capfdbinary.readouterr().out == b""


def test_a_column_that_occurs_twice_is_refused(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("smiles,dose,pH,dose\nCCO,1,7,2\n")
    with pytest.raises(InputError, match="column 'dose' occurs twice"):
        screen([path], model, tmp_path / "out.csv")


def test_standard_input(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any
) -> None:
    text = written(tmp_path / "in.csv", TABLE).read_bytes()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(text))))
    screen(["-"], model, tmp_path / "out.csv")
    found = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert found["status"].tolist() == expected(model, TABLE)[0]
    lacking = io.BufferedReader(io.BytesIO(b"smiles,dose\nCCO,1\n"))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=lacking))
    with pytest.raises(InputError, match="missing: pH"):
        screen(["-"], model, "-")
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize("name", ["in.smi", "in.sdf"])
def test_files_without_columns_are_refused(model: Model, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("CCO\n" if name == "in.smi" else "\n\n\nM  END\n$$$$\n")
    with pytest.raises(InputError, match="columns dose, pH are asked for"):
        screen([path], model, tmp_path / "out.csv")
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_blocks_made_elsewhere_are_still_refused(model: Model, tmp_path: Path) -> None:
    inputs = {**INPUTS, "vector": {"kind": "dense", "n_columns": 3}}
    other = SimpleNamespace(featurizer=Featurizer.from_config({"fingerprints": inputs}))
    with pytest.raises(ConfigError, match=r"reads 'vector' \(3 given columns\)"):
        screen([written(tmp_path / "in.csv", TABLE)], other, tmp_path / "out.csv")  # type: ignore[arg-type]
