"""Columns of the input stand in the output, where they are asked for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.conftest import Run
from tests.needs import extra
from tests.screening.tiny_model import TASKS, tiny_model

OPTIONS = ScreenOptions(workers=1, batch_size=2, keep=("vendor", "price"), assays=TASKS[:1])


def kept(path: Path, options: ScreenOptions = OPTIONS) -> pd.DataFrame:
    out = path.with_name("out.csv")
    screen([path], tiny_model(), out, options)
    return pd.read_csv(out, dtype=str, keep_default_na=False)


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "smiles": ["CCO", "nomolecule(", "c1ccccc1"],
            "price": ["7.50", "", "=1+1"],
            "vendor": ["A, B", 'the "best"', "naïve"],
        }
    )


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.parquet", "in.xlsx"])
def test_of_tables(table: pd.DataFrame, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("parquet"):
        table.to_parquet(path)
    elif name.endswith("xlsx"):
        extra("openpyxl", "excel")
        table = table.replace("=1+1", "dear")  # which pandas writes as a formula
        table.to_excel(path, index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if name.endswith("tsv") else ",")
    found = kept(path)
    assert list(found.columns[5:]) == ["vendor", "price", TASKS[0]]
    assert found["vendor"].tolist() == table["vendor"].tolist()
    assert found["price"].tolist() == table["price"].tolist()
    assert found["status"].tolist() == ["ok", "invalid_smiles", "ok"]


def test_of_sd_files(table: pd.DataFrame, tmp_path: Path) -> None:
    with Chem.SDWriter(str(tmp_path / "in.sdf")) as writer:
        for _, row in table.iterrows():
            mol = Chem.MolFromSmiles(row["smiles"]) or Chem.Mol()
            mol.SetProp("vendor", row["vendor"])
            if row["price"]:
                mol.SetProp("price", row["price"])
            writer.write(mol)
    found = kept(tmp_path / "in.sdf")
    assert found["vendor"].tolist() == table["vendor"].tolist()
    assert found["price"].tolist() == ["7.50", "", "=1+1"]


@pytest.mark.parametrize("change", [{"long": True}, {"top": 1}])
def test_in_every_layout(table: pd.DataFrame, tmp_path: Path, change: dict[str, object]) -> None:
    table.to_csv(tmp_path / "in.csv", index=False)
    found = kept(tmp_path / "in.csv", ScreenOptions.of({**OPTIONS.model_dump(), **change}))
    by_smiles = dict(zip(table["smiles"], table["vendor"], strict=True))
    assert found["vendor"].tolist() == [by_smiles[each] for each in found["smiles"]]


def test_what_is_not_there_is_named(table: pd.DataFrame, tmp_path: Path) -> None:
    table.drop(columns="price").to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(InputError, match=r"vendor, price are asked for; missing: price"):
        kept(tmp_path / "in.csv")
    (tmp_path / "in.smi").write_text("CCO\n")
    with pytest.raises(InputError, match="are asked for, which this file cannot have"):
        kept(tmp_path / "in.smi")
    assert not (tmp_path / "out.csv").exists()


def test_a_name_that_the_output_has_already_is_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    table.assign(status="x").to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(ConfigError, match="two columns would be called 'status'"):
        kept(tmp_path / "in.csv", ScreenOptions(workers=1, keep=("status",)))


def test_the_option(cli: Run, table: pd.DataFrame, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / "out.sdf"
    assert cli("screen", tmp_path / "in.csv", "--keep", "price,vendor", "-o", out).code == 0
    first, *_ = Chem.SDMolSupplier(str(out))
    assert (first.GetProp("price"), first.GetProp("vendor")) == ("7.50", "A, B")
