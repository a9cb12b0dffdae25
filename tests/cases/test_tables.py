"""Tables as people bring them: which rows, which columns, which text is read."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from rdkit import Chem

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.read import read_panel
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.table import line_of, read_table

SMILES = ["CC1=CC(=O)C=CC1=O", "Cc1ccnc(N=Cc2ccccc2)c1", "CN(C)CCC(=O)c1ccccc1", "CC(=O)c1ccncc1"]
Read = list[tuple[str, str, "Status | None"]]


def screened(path: Path, **options: object) -> Read:
    return [
        (id_, smiles, batch.problems.get(i))
        for batch in read_records(path, **options)  # type: ignore[arg-type]
        for i, (id_, smiles) in enumerate(zip(batch.ids, batch.structures, strict=True))
    ]


def panel(path: Path, **settings: object) -> Panel:
    return read_panel(path, schema=settings or None)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_a_quote_inside_a_field_of_a_tab_table_is_a_letter(tmp_path: Path) -> None:
    names = ["cpd 0", '"4-(beta)-x', "cpd 2", '"20-(beta)-x']
    for odd in ('2-(1"-oxo)', 'the "best"', '"all"', '5"'):
        names[2] = odd
        rows = [f"{n}\t{s}\t{i % 2}" for i, (n, s) in enumerate(zip(names, SMILES, strict=True))]
        path = write(tmp_path / "t.tsv", "\n".join(["name\tsmiles\tactive", *rows]) + "\n")
        read = [*names[:2], odd.strip('"') if odd == '"all"' else odd, names[3]]
        expected = list(zip(read, SMILES, strict=True))
        assert [(n, s) for n, s, _ in screened(path)] == expected
        found = panel(path)
        assert list(zip(found.ids, found.structures or [], strict=True)) == expected
        assert line_of(path, 3) == 5


def test_a_quoted_field_of_a_tab_table_may_hold_line_ends(tmp_path: Path) -> None:
    text = 'smiles\tnote\tactive\nCC\t"two\nlines, ""all"""\t1\nCCC\t5" long\t0\n'
    path = write(tmp_path / "t.tsv", text)
    table = read_table(path)
    assert table.column("note").to_pylist() == ['two\nlines, "all"', '5" long']
    assert [s for _, s, _ in screened(path)] == ["CC", "CCC"]
    assert [line_of(path, row) for row in (0, 1)] == [3, 4]


@pytest.mark.parametrize("name", ["Molecule", "Structure", "mol"])
def test_names_of_molecules_are_no_smiles(tmp_path: Path, name: str) -> None:
    rows = [f"cpd {i},{s},{i % 2}" for i, s in enumerate(SMILES)]
    path = write(tmp_path / "t.csv", "\n".join([f"{name},Ligand SMILES,active", *rows]))
    assert [s for _, s, _ in screened(path)] == panel(path).structures == SMILES
    path = write(tmp_path / "u.csv", "\n".join([f"{name},other,active", *rows]))
    for read in (screened, panel):
        with pytest.raises(InputError, match=f"'{name}' holds no SMILES, such as 'cpd 0'"):
            read(path)
        with pytest.raises(InputError, match=r"columns: .*'other'"):
            read(path)


def test_one_column_of_smiles_in_every_verb(tmp_path: Path) -> None:
    rows = [f"{s},{i % 2}" for i, s in enumerate(SMILES)]
    path = write(tmp_path / "t.csv", "\n".join(["drug_smiles,active", *rows]))
    assert [s for _, s, _ in screened(path)] == panel(path).structures == SMILES
    path = write(tmp_path / "u.csv", "\n".join(["drug,active", *rows]))
    for read in (screened, panel):
        with pytest.raises(InputError, match=r"no SMILES column .'drug' may hold some; name it"):
            read(path)


def test_two_columns_of_different_molecules_are_asked_about(tmp_path: Path) -> None:
    text = "drug_smiles,target_smiles,active\nCCO,CCC,1\nCCN,CCCC,0\n"
    path = write(tmp_path / "t.csv", text)
    for read in (screened, panel):
        with pytest.raises(InputError, match=r"'drug_smiles', 'target_smiles' .name one"):
            read(path)
    assert [s for _, s, _ in screened(path, smiles_column="target_smiles")] == ["CCC", "CCCC"]
    path = write(tmp_path / "u.csv", text.replace("CCC,1", "OCC,1").replace("CCCC", "NCC"))
    assert [s for _, s, _ in screened(path)] == panel(path).structures == ["CCO", "CCN"]


def test_text_behind_a_blank_is_not_cut_off(tmp_path: Path) -> None:
    cells = ["CC(=O)Oc1ccccc1 C(=O)O", "CCO\nN", "CCO\tN", "CCO aspirin", "CCO |$a;b;c$|", " CCN "]
    rows = [f'{i},"{cell}",{i % 2}' for i, cell in enumerate(cells)]
    path = write(tmp_path / "t.csv", "\n".join(["id,smiles,active", *rows]))
    found = screened(path)
    assert [problem for *_, problem in found] == [Status.INVALID_SMILES] * 4 + [None] * 2
    assert [smiles for _, smiles, _ in found] == cells
    statuses = [Chem.MolFromSmiles(text) is not None for text in panel(path).structures or []]
    assert statuses == [False] * 4 + [True] * 2


@pytest.mark.parametrize("end", ["$$$$\n", "> <dose>\n3\n\n$$$$\n", "> <dose>\n3\n\n"])
def test_a_record_of_an_sd_file_without_its_end_is_one(tmp_path: Path, end: str) -> None:
    blocks = [f"m{i}" + Chem.MolToMolBlock(Chem.MolFromSmiles(s)) for i, s in enumerate(SMILES)]
    inner = blocks[0] + "> <block>\n" + blocks[1].replace("m1", "inner") + "\n$$$$\n"
    path = write(tmp_path / "t.sdf", inner + blocks[1] + blocks[2] + end + blocks[3])
    found = screened(path)
    assert [name for name, *_ in found] == ["m0", "m1", "m2", "m3"]
    assert [Chem.MolToSmiles(Chem.MolFromMolBlock(block)) for _, block, _ in found] == SMILES


def test_an_sd_file_is_a_table(tmp_path: Path) -> None:
    blocks = [f"m{i}" + Chem.MolToMolBlock(Chem.MolFromSmiles(s)) for i, s in enumerate(SMILES)]
    text = "".join(f"{b}> <active>\n{i % 2}\n\n$$$$\n" for i, b in enumerate(blocks))
    found = panel(write(tmp_path / "t.sdf", text + "bad\n\n\n  1\n$$$$\n"))
    assert found.structures == [*SMILES, "(invalid_molblock)"]
    assert found.ids == ["m0", "m1", "m2", "m3", "bad"]
    assert found.labels[:, 0].tolist() == [0, 1, 0, 1, -1]
    assert line_of(tmp_path / "t.sdf", 0) == text.split("m1")[0].count("\n")


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.cases(2)
def test_compression_is_told_by_the_first_bytes(tmp_path: Path, suffix: str) -> None:
    data = PACK[suffix](b"smiles,active\nCC,1\nCCC,0\n")
    for name in (f"t.csv.{suffix}", "t.csv"):
        (tmp_path / name).write_bytes(data)
        assert [s for _, s, _ in screened(tmp_path / name)] == ["CC", "CCC"]
        assert panel(tmp_path / name).structures == ["CC", "CCC"]
    (tmp_path / f"u.csv.{suffix}").write_bytes(b"smiles,active\nCC,1\n")
    big = PACK[suffix](b"smiles,n\n" + b"".join(b"C,%d\n" % i for i in range(200_000)))
    (tmp_path / f"v.csv.{suffix}").write_bytes(big[:-200])
    for read in (screened, panel):
        with pytest.raises(InputError, match=r"the content is not .* data"):
            read(tmp_path / f"u.csv.{suffix}")
        with pytest.raises(InputError, match=r"data (end too early|are damaged)"):
            read(tmp_path / f"v.csv.{suffix}")


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_utf_16(tmp_path: Path, mark: bytes) -> None:
    kind = "utf-16-be" if mark == codecs.BOM_UTF16_BE else "utf-16-le"
    text = "smiles;name;pIC50\r\nCC;Säure α;7,5\r\nCCC;b;6,25\r\n"
    path = tmp_path / "t.csv"
    path.write_bytes(mark + text.encode(kind))
    assert screened(path) == [("Säure α", "CC", None), ("b", "CCC", None)]
    assert panel(path).labels[:, 0].tolist() == [7.5, 6.25]


def test_an_encoding_that_was_asked_for_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "smiles,name,active\nCC,ж,1\nCCC,b,0\n", "koi8-r")
    assert [n for n, *_ in screened(path, table=TableOptions(encoding="koi8-r"))] == ["ж", "b"]
    assert panel(path, encoding="koi8-r").ids == ["ж", "b"]
    with pytest.raises(InputError, match="byte 0xd6 is none of utf-8"):
        panel(path, encoding="utf-8")
    with pytest.raises(ConfigError, match="encoding: 'kio8' is no encoding"):
        TableOptions(encoding="kio8")


def test_a_line_for_the_spreadsheet(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sep=|\nsmiles|a,b,c|active\nCC|x|1\nCCC|y|0\n")
    assert [s for _, s, _ in screened(path)] == panel(path).structures == ["CC", "CCC"]
    assert line_of(path, 1) == 4


def test_numbers_are_read_as_told(tmp_path: Path) -> None:
    text = "smiles\tIC50 (nM)\nCC\t41,605\nCCC\t1,200\nCCCC\t950\n"
    path = write(tmp_path / "t.tsv", text)
    with pytest.raises(InputError, match="as '41,605': decimal=comma or thousands says which"):
        panel(path)
    assert panel(path, thousands=True).labels[:, 0].tolist() == [41605, 1200, 950]
    commas = panel(path, decimal="comma").labels[:, 0].tolist()
    assert commas == pytest.approx([41.605, 1.2, 950])
    path = write(tmp_path / "u.csv", "smiles;x\nCC;1.041,5\nCCC;7,25\nCCCC;3\n")
    found = panel(path, decimal="comma", thousands=True).labels[:, 0].tolist()
    assert found == [1041.5, 7.25, 3]


def test_tables_in_memory_heed_the_same_options() -> None:
    frame = pd.DataFrame({"smiles": ["CC", "CCC", "CCCC"], "x": ["7,63", "6,1", "5"]})
    assert read_panel(frame).labels[:, 0].tolist() == pytest.approx([7.63, 6.1, 5])
    with pytest.raises(InputError, match="no assay"):
        read_panel(frame, schema={"decimal": "point"})
    with pytest.raises(InputError, match="sheet means nothing for a table in memory"):
        read_panel(frame, schema={"sheet": "a"})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("t.csv", {"sheet": "a"}, "sheet means nothing for csv files"),
        ("t.smi", {"decimal": "comma"}, "decimal means nothing for smi files"),
        ("t.parquet", {"delimiter": ";"}, "delimiter means nothing for parquet files"),
    ],
)
def test_an_option_is_obeyed_or_refused(
    tmp_path: Path, name: str, options: dict[str, str], message: str
) -> None:
    path = write(tmp_path / name, "smiles,active\nCC,1\n")
    with pytest.raises(InputError, match=message):
        screened(path, table=TableOptions.of(options))
    with pytest.raises(InputError, match=message):
        read_table(path, TableOptions.of(options))


def test_lines_with_commas_can_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "t.smi", "".join(f"{s},mol{i}\n" for i, s in enumerate(SMILES)))
    found = screened(path, table=TableOptions(delimiter="comma"))
    assert found == [(f"mol{i}", s, None) for i, s in enumerate(SMILES)]
