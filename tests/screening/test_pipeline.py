from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import begin, screen
from bioassay_mtl.screening.summary import StageClock
from bioassay_mtl.tables import Held
from tests.hard import complete
from tests.screening.tiny_model import TASKS, tiny_model

LINES = [
    "CCO ethanol",
    "not_a_molecule bad",
    "",
    "c1ccccc1 benzene",
    "C(C nope",
    f"{'C' * 600} long",
    "CC(=O)Oc1ccccc1C(=O)O aspirin",
]
STATUSES = ["ok", "invalid_smiles", "empty", "ok", "invalid_smiles", "too_large", "ok"]


def run(model: Model, folder: Path, inputs: Sequence[Path], **options: Any) -> list[dict[str, str]]:
    output = folder / "out.csv"
    screen(inputs, model, output, ScreenOptions.of({"overwrite": True, "workers": 1, **options}))
    with output.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "mixed.smi"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_every_record_has_its_row(model: Model, tmp_path: Path, mixed: Path) -> None:
    rows = run(model, tmp_path, [mixed])
    assert list(rows[0]) == ["row", "id", "smiles", "status", "in_training", *model.tasks]
    assert [row["row"] for row in rows] == [str(i) for i in range(1, 8)]
    assert [row["status"] for row in rows] == STATUSES
    assert [row["id"] for row in rows if row["status"] == "ok"] == ["ethanol", "benzene", "aspirin"]
    for row in rows:
        assert all(bool(row[task]) == (row["status"] == "ok") for task in model.tasks)


def test_printed_digits_are_those_of_the_model(
    model: Model, tmp_path: Path, nci_smiles: list[str]
) -> None:
    smiles = nci_smiles[:700]
    path = tmp_path / "nci.smi"
    path.write_text("".join(f"{s}\n" for s in smiles))
    rows = run(model, tmp_path, [path], batch_size=300)
    table = model.predict(smiles)
    assert [row["status"] for row in rows] == table["status"].tolist()
    for task in model.tasks:
        printed = ["" if pd.isna(p) else f"{p:.6f}" for p in table[task]]
        assert [row[task] for row in rows] == printed


@pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_workers_and_batches_change_no_byte(
    model: Model, tmp_path: Path, nci_smiles: list[str], long: bool
) -> None:
    path = tmp_path / "nci.smi"
    path.write_text("".join(f"{s} N{i}\n" for i, s in enumerate(nci_smiles[:900])))
    outputs = []
    for workers, batch_size in ((1, 1024), (2, 100), (2, 37)):
        output = tmp_path / f"{workers}-{batch_size}.csv"
        options = ScreenOptions(workers=workers, batch_size=batch_size, long=long)
        screen([path], model, output, options)
        outputs.append(output.read_bytes())
    assert len(set(outputs)) == 1


def test_rows_are_counted_over_all_inputs(model: Model, tmp_path: Path, mixed: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("name,smiles\nwater,O\nmethane,C\n")
    rows = run(model, tmp_path, [mixed, other], id_column=None)
    assert list(rows[0])[:3] == ["row", "file", "id"]
    assert [row["row"] for row in rows] == [str(i) for i in range(1, 10)]
    assert {row["file"] for row in rows[:7]} == {str(mixed)}
    assert {row["file"] for row in rows[7:]} == {str(other)}
    assert [row["status"] for row in rows[7:]] == ["ok", "ok"]


def test_chosen_assays_in_the_chosen_order(model: Model, tmp_path: Path, mixed: Path) -> None:
    all_assays = run(model, tmp_path, [mixed])
    rows = run(model, tmp_path, [mixed], assays=("PCBA-400", "PCBA-2", "PCBA-400"))
    assert list(rows[0])[5:] == ["PCBA-400", "PCBA-2"]
    for few, full in zip(rows, all_assays, strict=True):
        assert few["PCBA-2"] == full["PCBA-2"]
        assert few["PCBA-400"] == full["PCBA-400"]


def test_unknown_assay_is_refused_with_a_suggestion(
    model: Model, tmp_path: Path, mixed: Path
) -> None:
    with pytest.raises(ConfigError, match=r"no assay 'PCBA-4OO'.*did you mean 'PCBA-400'"):
        run(model, tmp_path, [mixed], assays=("PCBA-4OO",))
    assert not (tmp_path / "out.csv").exists()


def test_long_form_has_the_same_numbers(model: Model, tmp_path: Path, mixed: Path) -> None:
    wide = run(model, tmp_path, [mixed])
    long = run(model, tmp_path, [mixed], long=True)
    leading = ["row", "id", "smiles", "status", "in_training"]
    assert list(long[0]) == [*leading, "assay", "probability"]
    expected = []
    for row in wide:
        if row["status"] == "ok":
            expected += [(row["row"], task, row[task]) for task in model.tasks]
        else:
            expected.append((row["row"], "", ""))
    assert [(row["row"], row["assay"], row["probability"]) for row in long] == expected


def test_top_is_the_head_of_the_sorted_column(
    model: Model, tmp_path: Path, nci_smiles: list[str]
) -> None:
    path = tmp_path / "nci.smi"
    path.write_text("".join(f"{s} N{i}\n" for i, s in enumerate(nci_smiles[:300])))
    table = model.predict(nci_smiles[:300])
    rows = run(model, tmp_path, [path], top=3, batch_size=64)
    leading = ["assay", "rank", "row", "id", "smiles", "in_training"]
    assert list(rows[0]) == [*leading, "probability"]
    for task in model.tasks:
        best = table[task].nlargest(3)
        mine = [row for row in rows if row["assay"] == task]
        assert [int(row["row"]) - 1 for row in mine] == best.index.tolist()
        assert [row["probability"] for row in mine] == [f"{p:.6f}" for p in best]
        assert [row["id"] for row in mine] == [f"N{i}" for i in best.index]


def test_larger_molecules_can_be_left_out(model: Model, tmp_path: Path, mixed: Path) -> None:
    rows = run(model, tmp_path, [mixed], max_atoms=5)
    assert [row["status"] for row in rows if row["id"] in ("ethanol", "benzene", "aspirin")] == [
        "ok",
        "too_large",
        "too_large",
    ]


def test_molblocks_are_written_as_smiles(model: Model, tmp_path: Path) -> None:
    from rdkit import Chem

    path = tmp_path / "two.sdf"
    with Chem.SDWriter(str(path)) as writer:
        for smiles, name in (("OCC", "ethanol"), ("c1ccccc1O", "phenol")):
            mol = Chem.MolFromSmiles(smiles)
            mol.SetProp("_Name", name)
            writer.write(mol)
    rows = run(model, tmp_path, [path])
    assert [(row["id"], row["smiles"], row["status"]) for row in rows] == [
        ("ethanol", "CCO", "ok"),
        ("phenol", "Oc1ccccc1", "ok"),
    ]
    same = model.predict(["CCO", "Oc1ccccc1"])
    assert [row["PCBA-1"] for row in rows] == [f"{p:.6f}" for p in same["PCBA-1"]]


def test_molblocks_of_any_size_allowed_are_written_as_smiles(model: Model, tmp_path: Path) -> None:
    from rdkit import Chem

    path = tmp_path / "long.sdf"
    path.write_text(Chem.MolToMolBlock(Chem.MolFromSmiles("C" * 520)) + "$$$$\n")
    found = {n: run(model, tmp_path, [path], max_atoms=n)[0] for n in (500, 1000)}
    assert (found[500]["smiles"], found[500]["status"]) == ("", "too_large")
    assert (found[1000]["smiles"], found[1000]["status"]) == ("C" * 520, "ok")


def test_summary_counts_and_times(model: Model, tmp_path: Path, mixed: Path) -> None:
    output = tmp_path / "out.csv"
    summary = screen([mixed], model, output, ScreenOptions(workers=1))
    assert summary.rows == 7
    assert summary.statuses == {"ok": 3, "empty": 1, "invalid_smiles": 2, "too_large": 1}
    assert (summary.model, summary.inputs, summary.output) == ("tiny", [str(mixed)], str(output))
    stages = {k: v for k, v in summary.seconds.items() if k != "total"}
    assert list(stages) == ["reading", "featurising", "predicting", "writing"]
    assert all(seconds > 0 for seconds in stages.values())
    assert sum(stages.values()) <= summary.seconds["total"]


def test_watchers_see_every_batch(model: Model, tmp_path: Path, mixed: Path) -> None:
    seen: list[ScreenedBatch] = []
    options = ScreenOptions(workers=1, batch_size=3)
    screen([mixed], model, tmp_path / "out.csv", options, watch=[seen.append])
    assert [batch.rows for batch in seen] == [range(1, 4), range(4, 7), range(7, 8)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("windows.smi", "CCO ethanol\r\nC methane\r\n"),
        ("bom.smi", "\ufeffCCO ethanol\nC methane\n"),
        ("bom.csv", "\ufeffsmiles,name\r\nCCO,ethanol\r\nC,methane\r\n"),
        ("no_end.smi", "CCO ethanol\nC methane"),
        ("quoted.csv", 'smiles,id\n"CCO","etha""nol"\n"C","a,b"\n'),
    ],
)
def test_flavors_of_text(model: Model, tmp_path: Path, name: str, content: str) -> None:
    for suffix in ("", ".gz"):
        path = tmp_path / (name + suffix)
        data = content.encode()
        path.write_bytes(gzip.compress(data) if suffix else data)
        rows = run(model, tmp_path, [path])
        assert [(row["smiles"], row["status"]) for row in rows] == [("CCO", "ok"), ("C", "ok")]
        if name == "quoted.csv":
            assert [row["id"] for row in rows] == ['etha"nol', "a,b"]


def test_parquet_in_and_out(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pd.DataFrame({"id": ["a", "b"], "smiles": ["CCO", None]}).to_parquet(path)
    screen([path], model, tmp_path / "out.parquet", ScreenOptions(workers=1))
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["status"].tolist() == ["ok", "empty"]
    assert table["PCBA-1"].iloc[0] == model.predict(["CCO"])["PCBA-1"].iloc[0]
    assert table["PCBA-1"].isna().tolist() == [False, True]


def test_no_records_make_a_header(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "header.csv"
    path.write_text("smiles,id\n")
    assert run(model, tmp_path, [path]) == []
    assert (tmp_path / "out.csv").read_text() == (
        f"row,id,smiles,status,in_training,{','.join(model.tasks)}\n"
    )


def test_very_long_smiles_is_one_row(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "long.smi"
    path.write_text("C" * 10_000 + "\nCCO\n")
    assert [row["status"] for row in run(model, tmp_path, [path])] == ["too_large", "ok"]


@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "empty", "no_smiles_column"])
def test_unusable_input_leaves_no_output(model: Model, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "input.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(bytes(range(256)) * 20)
    elif kind == "empty":
        path.touch()
    elif kind == "no_smiles_column":
        path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"input\.csv"):
        run(model, tmp_path, [path])
    left = [path.name for path in tmp_path.iterdir()]
    assert left == ([] if kind == "missing" else ["input.csv"])


def test_a_later_input_that_is_missing_is_found_first(
    model: Model, tmp_path: Path, mixed: Path
) -> None:
    seen: list[ScreenedBatch] = []
    with pytest.raises(InputError, match=r"gone\.smi"):
        screen(
            [mixed, tmp_path / "gone.smi"],
            model,
            tmp_path / "out.csv",
            ScreenOptions(workers=1),
            watch=[seen.append],
        )
    assert seen == []


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1024), (1, 2), (2, 2)])
def test_a_molecule_that_does_not_end_keeps_its_row(
    model: Model, tmp_path: Path, mixed: Path, workers: int, batch_size: int
) -> None:
    path = tmp_path / "hard.smi"
    lines = [*LINES[:3], f"{complete(40)} hard", *LINES[3:]]
    path.write_text("\n".join(lines) + "\n")
    settings = {"workers": workers, "batch_size": batch_size, "molecule_timeout": 0.2}
    rows = run(model, tmp_path, [path], **settings)
    assert [row["status"] for row in rows] == [*STATUSES[:3], "timed_out", *STATUSES[3:]]
    assert rows[3]["id"] == "hard"
    expected = run(model, tmp_path, [mixed])
    for found, easy in zip([*rows[:3], *rows[4:]], expected, strict=True):
        assert {**found, "row": ""} == {**easy, "row": ""}


@pytest.mark.soak
def test_a_block_that_does_not_end_keeps_its_row(model: Model, tmp_path: Path) -> None:
    from rdkit import Chem

    block = Chem.MolToMolBlock(Chem.MolFromSmiles(complete(40), sanitize=False), kekulize=False)
    path = tmp_path / "hard.sdf"
    path.write_text(f"hard{block}$$$$\neasy{Chem.MolToMolBlock(Chem.MolFromSmiles('OCC'))}$$$$\n")
    rows = run(model, tmp_path, [path], molecule_timeout=0.2)
    found = [(row["id"], row["smiles"], row["status"]) for row in rows]
    assert found == [("hard", "", "timed_out"), ("easy", "CCO", "ok")]


def test_a_screen_may_go_elsewhere_than_to_a_file(
    model: Model, tmp_path: Path, mixed: Path
) -> None:
    rows = run(model, tmp_path, [mixed])
    held, options = Held("sent.smi", mixed.read_bytes()), ScreenOptions(batch_size=2)
    with Pool(1) as pool:
        begun = begin([held], model, options, StageClock(), pool=pool)
        batches = list(begun.batches)
    assert begun.layout.assays == model.tasks
    assert [name for batch in batches for name in batch.status_names()] == STATUSES
    found = [f"{p:.6f}" for batch in batches for p in batch.probabilities[batch.ok, 0]]
    assert found == [row[model.tasks[0]] for row in rows if row["status"] == "ok"]


def test_assays_are_chosen_by_name_and_gene(tmp_path: Path) -> None:
    (tmp_path / "in.smi").write_text("CCO\n")
    model = tiny_model()
    known = {TASKS[3]: Described(name="Kinase X", gene="KX")}
    model.beside["assays"] = sheet_of(model, {}, known)
    for wanted in ("kinase x", "KX", "31"):
        options = ScreenOptions(workers=1, assays=(wanted, TASKS[0]), overwrite=True)
        screen([tmp_path / "in.smi"], model, tmp_path / "out.csv", options)
        header = (tmp_path / "out.csv").read_text().splitlines()[0]
        assert header.split(",")[-2:] == [TASKS[3], TASKS[0]]
