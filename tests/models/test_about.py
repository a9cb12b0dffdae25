"""What users say of their assays, in whatever file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bioassay_mtl.errors import InputError
from bioassay_mtl.models.about import known_assays
from bioassay_mtl.models.assay_sheet import Assay, Described

TASKS = ("IC50", "Ki", "PCBA-1")
FACTS: dict[str, Any] = {
    "IC50": {"name": "CA2, IC50", "target": "Carbonic anhydrase 2", "gene": "CA2"},
    "Ki": {"organism": "Homo sapiens", "active": "binds"},
}


def written(path: Path) -> Path:
    rows = [{"assay": assay, **facts} for assay, facts in FACTS.items()]
    if path.suffix in (".csv", ".tsv"):
        import csv

        fields = ["assay", "name", "target", "gene", "organism", "active"]
        with path.open("w", newline="") as stream:
            dialect = "excel" if path.suffix == ".csv" else "excel-tab"
            table = csv.DictWriter(stream, fields, dialect=dialect)
            table.writeheader()
            table.writerows(rows)
    elif path.name.startswith("rows"):
        path.write_text(json.dumps(rows) if path.suffix == ".json" else yaml.safe_dump(rows))
    else:
        path.write_text(json.dumps(FACTS) if path.suffix == ".json" else yaml.safe_dump(FACTS))
    return path


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.json", "a.yaml", "rows.json", "rows.yml", "python"]
)
def test_every_way_says_the_same(tmp_path: Path, name: str) -> None:
    found = known_assays(FACTS if name == "python" else written(tmp_path / name), TASKS)
    assert set(found) == {"IC50", "Ki"}
    assert (found["IC50"].name, found["IC50"].gene) == ("CA2, IC50", "CA2")
    assert (found["Ki"].organism, found["Ki"].active, found["Ki"].name) == (
        "Homo sapiens",
        "binds",
        "",
    )


def test_names_of_other_tables_and_several_facts() -> None:
    found = known_assays({"Ki": {"Gene_Symbol": ["CA1", "CA2"], "format": "SPR"}}, TASKS)
    assert (found["Ki"].gene, found["Ki"].readout) == ("CA1; CA2", "SPR")
    assert known_assays(None, TASKS) == {}


def test_a_whole_sheet_describes_too(tmp_path: Path) -> None:
    path = tmp_path / "assays.json"
    path.write_text(json.dumps({"assays": [{"id": "Ki", "name": "x", "counts": {"active": 1}}]}))
    assert known_assays(path, TASKS)["Ki"].name == "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "assay,name\nKI,x\n",
            r"1 of the assays described are not the model's: 'KI' \(known: IC50, Ki",
        ),
        ("name,target\na,b\n", "no column says which assay a row is about"),
        ("assay,color\nKi,blue\n", "column 'color': nothing of the name is kept"),
        ("assay,name\nKi,x\nKi,y\n", "assay 'Ki' is there twice"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "about.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said) as error:
        known_assays(path, TASKS)
    assert "about.csv" in str(error.value)


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', "7"])
def test_odd_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "about.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"about\.json"):
        known_assays(path, TASKS)
    with pytest.raises(InputError, match=r"none\.csv"):
        known_assays(tmp_path / "none.csv", TASKS)


def test_nothing_is_known_where_a_cell_says_so(tmp_path: Path) -> None:
    (table := tmp_path / "about.csv").write_text("assay,name,gene\na,NaN,n/a\n")
    assert known_assays(table, ["a"])["a"] == Described()


def test_which_values_are_better_is_said_of_values_alone(tmp_path: Path) -> None:
    path = tmp_path / "about.csv"
    path.write_text("assay,Direction\nIC50,Higher\nKi,\n")
    found = known_assays(path, TASKS, values=["IC50", "Ki"])
    assert [found[name].better for name in ("IC50", "Ki")] == ["high", ""]
    with pytest.raises(InputError, match="'IC50' has no values of which high ones could be better"):
        known_assays(path, TASKS, values=["Ki"])
    path.write_text("assay,better\nIC50,nice\n")
    with pytest.raises(InputError, match="high or low is expected, found 'nice'"):
        known_assays(path, TASKS, values=["IC50"])


def test_limits_are_numbers_the_least_below_the_most(tmp_path: Path) -> None:
    path = tmp_path / "about.csv"
    path.write_text("assay,least,max\nIC50,0,\nKi,,1e6\n")
    found = known_assays(path, TASKS, values=["IC50", "Ki"])
    assert [(found[name].least, found[name].most) for name in ("IC50", "Ki")] == [
        (0, None),
        (None, 1e6),
    ]
    for text, said in (("few,", "a number is expected, found 'few'"), ("3,2", "not below most 2")):
        path.write_text(f"assay,least,most\nIC50,{text}\n")
        with pytest.raises(InputError, match=said):
            known_assays(path, TASKS, values=["IC50"])


def test_what_is_said_goes_before_what_a_type_tells() -> None:
    assay = Assay(id="IC50", kind="regression", unit="nM")
    assert (assay.direction, assay.direction_words) == ("low", "low is potent")
    said = assay.model_copy(update={"better": "high"})
    assert (said.direction, said.direction_words) == ("high", "high is better")
    assert Assay(id="IC50", unit="nM").direction == ""  # outcomes, not values
    unknown = Assay(id="solubility", kind="censored", unit="uM")
    assert (unknown.direction, unknown.direction_words) == ("", "")
