"""Panels from tables."""

from __future__ import annotations

import gzip
import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.harness.datasets import read_pcba
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.panels.schema import PanelSchema, parse_task

TEXT = (
    "id,smiles,NR-AR,SR-p53,logp,row,fold,notes,empty\n"
    "A,CCO,1,0.0,0.5,0,0,,\n"
    "B,c1ccccc1,,1.0,1.5,1,1,x,\n"
    'C,"C,C",0,,2,2,0,"two\nlines",\n'
    "D,CC,true,FALSE,1,3,1,,\n"
)
LABELS = [[1, 0], [-1, 1], [0, -1], [1, 0]]


def write(path: Path, text: str = TEXT, encoding: str = "utf-8") -> Path:
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("panel.csv", TEXT, "utf-8"),
        ("panel.csv.gz", TEXT, "utf-8"),
        ("panel.CSV", TEXT.replace("\n", "\r\n"), "utf-8-sig"),
        ("panel.tsv", TEXT.replace('"C,C"', "C~C").replace(",", "\t").replace("~", ","), "utf-8"),
        ("panel.csv", TEXT.replace("A,CCO", "\nA,CCO"), "utf-8"),
        ("panel.csv", re.sub(r"(?<!two)\n", ",,\n", TEXT), "utf-8"),
    ],
)
def test_labels_and_all_other_columns(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    panel = Panel.read(write(tmp_path / name, text, encoding))
    assert panel.tasks == ("NR-AR", "SR-p53")
    np.testing.assert_array_equal(panel.labels, LABELS)
    assert panel.structures == ["CCO", "c1ccccc1", "C,C", "CC"]
    assert panel.ids == ["A", "B", "C", "D"]
    assert set(panel.columns) == {"id", "logp", "row", "fold", "notes", "empty"}
    assert panel.columns["fold"] == ["0", "1", "0", "1"]


def test_semicolons_stand_before_commas_in_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "panel.csv", "smiles;active, 10 uM;note\nCC;1;a, b\nC;0;\n")
    panel = Panel.read(path)
    assert panel.tasks == ("active, 10 uM",)
    assert panel.columns == {"note": ["a, b", ""]}


@pytest.mark.parametrize("kind", ["float", "Int64", "boolean", "str", "category"])
def test_parquet_types(tmp_path: Path, kind: str) -> None:
    values = pd.Series([1, None, 0, 1], dtype="Int64")
    table = pd.DataFrame({"SMILES": ["CCO", "CC", None, "C"], "x": values})
    if kind == "category":
        table["x"] = values.astype("str").replace("<NA>", "").astype("category")
    elif kind == "str":
        table["x"] = ["1", "", "0", "1.0"]
    else:
        table["x"] = pd.Series(values, dtype=kind)
    table["weights"] = [[0.5], [], [1.0], []]
    path = tmp_path / "panel.parquet"
    table.to_parquet(path)
    panel = Panel.read(path)
    np.testing.assert_array_equal(panel.labels[:, 0], [1, -1, 0, 1])
    assert panel.structures == ["CCO", "CC", "", "C"]
    assert panel.ids == ["0", "1", "2", "3"]
    assert panel.columns == {}


def test_columns_left_out_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Panel.read(write(tmp_path / "panel.csv"))
    for said in ("'logp' (a name of a computed property)", "'notes' (texts)", "'empty' (empty)"):
        assert said in caplog.text


def test_assays_by_the_names_of_bookkeeping_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "smiles,split,Group,,index,fold,set,y\n" + "".join(
        f"{'C' * row},{part},{row % 2},{row // 2 % 2},{3 * row},{row},{row}.5,1\n"
        for row, part in enumerate(["train", "test", "train", "valid"], start=1)
    )
    path = write(tmp_path / "panel.csv", text)
    with caplog.at_level(logging.INFO):
        assert Panel.read(path).tasks == ("y",)
    for name in ("Group", "set"):
        assert f"{name!r} (a name of a split or group)" in caplog.text
    schema = PanelSchema.of({"also": dict(map(parse_task, (":binary", "Group:binary", "set")))})
    assert set(Panel.read(path, schema=schema).tasks) == {"", "Group", "set"}


def test_decimal_commas_are_numbers_where_nothing_else_is_meant(tmp_path: Path) -> None:
    path = write(tmp_path / "panel.csv", "smiles;pIC50\n" + "CC;7,63\nCCC;6,1\nCCCC;5\n")
    np.testing.assert_allclose(Panel.read(path).labels[:, 0], [7.63, 6.1, 5])
    for text in ("CC;7,63\nCCC;6.1\n", "CC;41,605\nCCC;1,200\n"):
        with pytest.raises(InputError, match="'pIC50' is texts that look like numbers with commas"):
            Panel.read(write(tmp_path / "panel.csv", "smiles;pIC50\n" + text))


def test_text_of_windows_1252_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "panel.csv"
    path.write_bytes("smiles,é,name\nCC,1,é\nC,0,µ\n".encode("cp1252"))
    panel = Panel.read(path)
    assert (panel.tasks, panel.columns["name"]) == (("é",), ["é", "µ"])
    assert caplog.text.count("bytes that are not UTF-8 are read as Windows-1252") == 1


def test_columns_can_be_named(tmp_path: Path) -> None:
    text = "structure,other,code,fold,x\nCC,CCC,k1,1,0\nC,CCCC,k2,0,1\n"
    path = write(tmp_path / "panel.csv", text)
    panel = Panel.read(path, smiles_column="other", id_column="code", tasks=["fold"])
    assert panel.structures == ["CCC", "CCCC"]
    assert panel.ids == ["k1", "k2"]
    assert panel.tasks == ("fold",)
    np.testing.assert_array_equal(panel.labels, [[1], [0]])
    assert panel.columns == {"structure": ["CC", "C"], "code": ["k1", "k2"], "x": ["0", "1"]}


BINARY_LOGP = PanelSchema.of({"tasks": {"logp": "binary"}})


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (TEXT, {"tasks": ["NR-AT"]}, r"panel.csv: no column 'NR-AT' \(did you mean 'NR-AR'\?\)"),
        (TEXT, {"smiles_column": "smile"}, "did you mean 'smiles'"),
        (TEXT, {"id_column": "nosuch"}, "no column 'nosuch'"),
        (TEXT, {"schema": BINARY_LOGP}, r"panel.csv, line 2, column 'logp': .* found '0.5'"),
        # A quoted note of the molecule before holds a line break.
        (
            TEXT.replace("D,CC,true", "D,CC,maybe").replace("A,CCO,1", "A,CCO,"),
            {"tasks": {"NR-AR": "binary"}},
            "line 6, .* 'maybe'",
        ),
        (
            TEXT.replace("\nB", "\n\n\nB").replace("CC,true", "CC,z").replace("A,CCO,1", "A,CCO,"),
            {"tasks": {"NR-AR": "binary"}},
            "line 8",
        ),
        ("smiles,a\nCC,2\nC,2\n", {}, "no assay"),
        ("a,b\n1,0\n", {}, "no SMILES column .*columns: 'a', 'b'"),
        ("smiles,a\nCC,1\nC,1,0\n", {}, "line 3: 2 columns expected, 3 found"),
        ("smiles,a,a\nCC,1,0\n", {}, "column 'a' occurs twice"),
        ("X,,,\nsmiles,a,b,c\nCC,1,0,1\n", {}, r"several columns have no name \(line 2 seems"),
        ("", {}, "empty"),
        ("smiles,a\n", {}, "no assay"),
    ],
)
def test_faults_are_named(
    tmp_path: Path, text: str, arguments: dict[str, object], message: str
) -> None:
    path = write(tmp_path / "panel.csv", text)
    with pytest.raises(InputError, match=message):
        Panel.read(path, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["panel.csv", "panel.csv.gz", "panel.parquet"])
def test_a_binary_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match=f"{name}.*: (not a|this is a binary|.*is not gzip data)"):
        Panel.read(path)


def test_a_cut_gzip_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "panel.csv.gz", "smiles,a\n" + "CC,1\n" * 10_000)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="the gzip data end too early"):
        Panel.read(path)


@pytest.mark.parametrize(
    ("name", "start", "message"),
    [
        ("panel.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook.*CSV"),
        ("panel.csv", b"PAR1\x15\x04\x15", r"a Parquet file, not text \(name it .parquet"),
    ],
)
def test_another_file_is_named_by_what_it_is(
    tmp_path: Path, name: str, start: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(start)
    with pytest.raises(InputError, match=message):
        Panel.read(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: no such file"):
        Panel.read(tmp_path / "absent.csv")


@pytest.mark.soak
def test_thousands_of_assays(tmp_path: Path) -> None:
    names = [f"assay {i}" for i in range(3_000)]
    full, half = ",".join(["0", "1"] * 1_500), ",".join(["1", ""] * 1_500)
    none = ",".join(["0"] * 3_000)  # in a column of one value alone nothing was measured
    text = f"smiles,{','.join(names)}\nC,{full}\nCC,{half}\nCCC,{none}\n"
    panel = Panel.read(write(tmp_path / "panel.csv", text))
    assert panel.tasks == tuple(names)
    np.testing.assert_array_equal(panel.labels[:, :2], [[0, 1], [1, -1], [0, 0]])


@pytest.mark.soak
def test_the_shared_tables(shared_data: Path) -> None:
    panel = Panel.read(shared_data / "tox21.csv.gz")
    assert len(panel) == 8014
    assert len(panel.tasks) == 12
    frame = pd.read_csv(shared_data / "tox21.csv.gz")
    np.testing.assert_array_equal(panel.labels, frame[list(panel.tasks)].fillna(-1).to_numpy())
    values = Panel.read(shared_data / "chembl_pxc50.csv.gz")
    assert {kind.kind for kind in values.kinds} == {"regression"}
    frame = pd.read_csv(shared_data / "chembl_pxc50.csv.gz")
    np.testing.assert_array_equal(
        values.labels, frame[list(values.tasks)].to_numpy(dtype=np.float32)
    )


@pytest.mark.soak
def test_the_pcba_sample(shared_data: Path) -> None:
    panel = read_pcba(shared_data / "pcba")
    assert (len(panel), len(panel.tasks)) == (65_774, 128)
    assert panel.has_structure.sum() == 51_363
    table = Panel.read(shared_data / "pcba" / "pcba_smiles.csv.gz")
    known = panel.take(panel.has_structure)
    assert known.tasks == table.tasks
    assert known.structures == table.structures
    assert known.columns == table.columns
    np.testing.assert_array_equal(known.labels, table.labels)
