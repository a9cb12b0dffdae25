"""CSV and TSV: every row comes back, in its place."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.structures import is_cut

Rows = list[tuple[str, str, "Status | None"]]


def read(path: Path, **options: str | int | None) -> Rows:
    rows: Rows = []
    for batch in read_records(path, **options):  # type: ignore[arg-type]
        assert batch.first_row == len(rows) + 1
        assert batch.notation == "smiles"
        assert len(batch) == len(batch.ids) > 0
        rows += [
            (id_, structure, batch.problems.get(i))
            for i, (id_, structure) in enumerate(zip(batch.ids, batch.structures, strict=True))
        ]
    return rows


# Any character that a UTF-8 text file may hold.
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(text, text), max_size=20),
    suffix=st.sampled_from([".csv", ".tsv"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    packed=st.booleans(),
    batch_size=st.integers(1, 7),
)
def test_random_tables_come_back(
    rows: list[tuple[str, str]],
    suffix: str,
    newline: str,
    bom: bool,
    packed: bool,
    batch_size: int,
    tmp_path: Path,
) -> None:
    if suffix == ".tsv":  # a quote there is a letter, unless it stands around a whole field
        rows = [(name.replace("\t", " "), smiles.replace("\t", " ")) for name, smiles in rows]
    buffer = io.StringIO(newline="")
    delimiter = "," if suffix == ".csv" else "\t"
    writer = csv.writer(buffer, lineterminator=newline, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["Name", "activity", "Canonical SMILES"])
    writer.writerows((name, "1", smiles) for name, smiles in rows)
    data = buffer.getvalue().encode("utf-8-sig" if bom else "utf-8")
    path = tmp_path / f"table{suffix}{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read(path, batch_size=batch_size)
    assert found == [
        (name, smiles, Status.INVALID_SMILES if is_cut(smiles) else None) for name, smiles in rows
    ]


def test_odd_rows_keep_their_places(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        'smiles,id,note\nCCO,a,x\nCCN,b\n\n"CC"C,c,x\nCCC,d,x,y\n,e,\n"C\nC",f,"two\nlines"\n'
    )
    assert read(path) == [
        ("a", "CCO", None),
        ("b", "CCN", Status.MALFORMED_ROW),
        ("", "", Status.EMPTY),
        ("", "", Status.MALFORMED_ROW),
        ("d", "CCC", Status.MALFORMED_ROW),
        ("e", "", None),
        ("f", "C\nC", Status.INVALID_SMILES),
    ]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("id,SMILES", "7,CC", ("7", "CC")),
        ("structure,Canonical_Smiles,Compound ID", "x,CC,7", ("7", "CC")),
        ("molecule_chembl_id,smiles", "CHEMBL1,CC", ("CHEMBL1", "CC")),
        ("ligand smiles,x", "CC,7", ("", "CC")),
        ("smiles", "CC", ("", "CC")),
        ("mol;cid", "CC;7", ("7", "CC")),
        ("mol;cid;inhibition, %", "CC;7;3,5", ("7", "CC")),
        ("smiles\tname", "CC\tmethyl, twice", ("methyl, twice", "CC")),
    ],
)
def test_columns_are_found_by_name(
    header: str, row: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n{row}\n")
    assert read(path) == [(*expected, None)]


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("smiles,parent,id,code\nCCO,CC,1,x\n")
    assert read(path, smiles_column="parent", id_column="CODE") == [("x", "CC", None)]
    with pytest.raises(InputError, match=r"line 1: no column 'parents' \(did you mean 'parent'"):
        read(path, smiles_column="parents")
    with pytest.raises(InputError, match="id_column takes one of: 'smiles', 'parent', 'id'"):
        read(path, id_column="zzz")


def test_a_structure_has_one_column(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("SMILES,smiles,y\nOCC,CCO,1\nC,,0\n")
    assert read(path)[0][1] == "CCO"  # the same molecules
    path.write_text("SMILES,smiles,y\nCC,CCC,1\n")
    with pytest.raises(InputError, match=r"they differ: 'smiles', 'SMILES' \(name one with smiles"):
        read(path)
    assert read(path, smiles_column="SMILES")[0][1] == "CC"
    path.write_text("smiles,smiles\nCC,CCC\n")
    with pytest.raises(InputError, match="line 1: column 'smiles' occurs twice"):
        read(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,b", "no SMILES column (name it with smiles_column; columns: 'a', 'b')"),
        ("x_smiles,y_smiles", "no SMILES column: 'x_smiles' holds no SMILES, such as '1'"),
        (",".join(f"c{i}" for i in range(30)), "and 10 more"),
    ],
)
def test_no_smiles_column_lists_the_columns(header: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n1,2\n")
    with pytest.raises(InputError) as error:
        read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_header_alone_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("smiles,id\n")
    assert read(path) == []


def test_an_open_quote_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('smiles,id\nCC,"1\n1"\nCC,"2\nCC,3\nCC,4\n')
    with pytest.raises(InputError, match="line 4: a quoted field opens here and is not closed"):
        read(path)


def test_a_field_of_megabytes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"smiles,id\n{'C' * 4_000_000},big\nCC,small\n")
    limit = csv.field_size_limit()
    rows = read(path)
    assert [(id_, len(smiles)) for id_, smiles, _ in rows] == [("big", 4_000_000), ("small", 2)]
    assert csv.field_size_limit() == limit


def test_batches_of_long_records_are_short(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("smiles,id\n" + f"{'C' * 100_000},x\n" * 400)
    sizes = [len(batch) for batch in read_records(path, batch_size=1000)]
    assert sum(sizes) == 400
    assert max(sizes) <= 21
