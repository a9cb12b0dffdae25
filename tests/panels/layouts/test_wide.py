"""Wide tables: which columns are assays, of which kind, and what their cells say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema, TaskEntry
from bioassay_mtl.tasks.kinds import Binary, Censored, Multiclass, Ordinal, Regression

TABLE = """smiles,name,outcome,IC50 (nM),inhibition,class,MW,score
CCO,a,1,> 10000,5.5,low,46,0
CCN,b,0,120,95,High,45,1
CCC,c,,<=5,-3e1,mid,44,2
c1ccccc1,d,1,~80,NA,high,78,2
CO,e,0,,1,low,32,1
"""


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_columns_of_measured_types_are_assays(tmp_path: Path) -> None:
    panel = Panel.read(write(tmp_path / "panel.csv", TABLE))
    assert panel.tasks == ("outcome", "IC50 (nM)", "inhibition", "class")
    assert panel.kinds[2:] == (Regression(), Multiclass(classes=("High", "low", "mid")))
    panel = panel.select_tasks(["outcome", "IC50 (nM)"])
    assert panel.kinds == (Binary(), Censored(unit="nM"))
    np.testing.assert_array_equal(panel.labels[:, 0], np.array([1, 0, np.nan, 1, 0], np.float32))
    np.testing.assert_array_equal(
        panel.labels[:, 1], np.array([10000, 120, 5, 80, np.nan], np.float32)
    )
    assert panel.bounds is not None
    assert panel.bounds.T.tolist() == [[0] * 5, [1, 0, -1, 0, 0]]
    assert panel.ids == list("abcde")


def test_numbers_are_assays_where_there_are_no_outcomes(tmp_path: Path) -> None:
    text = "\n".join(line.rsplit(",", 6)[0] + "," + ",".join(line.rsplit(",", 4)[1:])
                     for line in TABLE.splitlines())  # fmt: skip
    text = text.replace("inhibition,class", "delta,maker")
    panel = Panel.read(write(tmp_path / "panel.csv", text))
    assert panel.tasks == ("delta", "score")  # MW is a property, the makers are a few texts
    assert panel.kinds == (Regression(), Regression())
    assert panel.labels[2].tolist() == [-30.0, 2.0]


def test_classes_are_assays_where_there_is_nothing_else(tmp_path: Path) -> None:
    text = "smiles,class,maker\n" + "CC,low,A\nC,High,B\nCO,LOW,C\nCN,high,D\n"
    panel = Panel.read(write(tmp_path / "panel.csv", text))
    assert (panel.tasks, panel.kinds) == (("class",), (Multiclass(classes=("High", "low")),))
    assert panel.labels[:, 0].tolist() == [1, 0, 1, 0]
    words = Panel.read(write(tmp_path / "words.csv", text.replace("High", "no").replace(
        "high", "NO").replace("low", "yes").replace("LOW", "Yes")))  # fmt: skip
    assert words.kinds == (Binary(),)
    assert words.labels[:, 0].tolist() == [1, 0, 1, 0]


def test_a_schema_beside_the_table_has_the_last_word(tmp_path: Path) -> None:
    path = write(tmp_path / "panel.csv.tsv", TABLE.replace(",", "\t"))
    write(
        tmp_path / "panel.csv.schema.yaml",
        "tasks:\n  class: ordinal:low,mid,high\n  inhibition:\n  IC50 (nM): {to_p: true}\n"
        "columns: {id: MW}\n",
    )
    panel = Panel.read(path)
    assert panel.tasks == ("class", "inhibition", "pIC50")
    assert panel.kinds[0] == Ordinal(classes=("low", "mid", "high"))
    assert panel.kinds[2] == Censored(unit="p")
    assert panel.labels[:, 0].tolist() == [0, 2, 1, 2, 0]
    np.testing.assert_allclose(panel.labels[:3, 2], [5, 9 - np.log10(120), 9 - np.log10(5)], 1e-6)
    assert panel.bounds is not None
    assert panel.bounds[:, 2].tolist() == [-1, 0, 1, 0, 0]
    assert panel.ids == ["46", "45", "44", "78", "32"]


def test_tasks_can_be_added_and_taken_away(tmp_path: Path) -> None:
    path = write(tmp_path / "panel.csv", TABLE)
    kinds = {"score": "multiclass", "outcome": "none", "inhibition": "none", "class": "none"}
    panel = Panel.read(path, schema=PanelSchema.of({"also": kinds}))
    assert panel.tasks == ("IC50 (nM)", "score")
    panel = Panel.read(path, schema=PanelSchema.of({"tasks": ["IC50 (nM)", "class"]}))
    assert panel.kinds[1] == Multiclass(classes=("High", "low", "mid"))


def test_classes_may_differ_in_a_qualifier_or_a_unit_alone(tmp_path: Path) -> None:
    text = "smiles,a,b\nC,<10,5 nM\nCC,>10,5 uM\nCCC,< 10.0,5.0 nM\nCCO,10-50,5 uM\n"
    path = write(tmp_path / "panel.csv", text)
    schema = PanelSchema.of({"tasks": {"a": "ordinal:<10,10-50,>10", "b": "multiclass"}})
    panel = Panel.read(path, schema=schema)
    assert panel.labels.tolist() == [[0, 0], [2, 1], [0, 0], [1, 1]]
    assert panel.kinds[1] == Multiclass(classes=("5 nM", "5 uM"))
    write(path, "smiles,a\nC,>10\nCC,<10\nCCC,10\n")
    panel = Panel.read(path, schema=PanelSchema.of({"tasks": {"a": "ordinal"}}))
    assert panel.kinds == (Ordinal(classes=("<10", "10", ">10")),)


def test_classes_that_are_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "smiles,a\nC,1000001\nCC,1000002\nCCC,1000001.0\nCO,1e0\n")
    panel = Panel.read(path, schema=PanelSchema.of({"tasks": {"a": "multiclass"}}))
    assert panel.kinds == (Multiclass(classes=("1e0", "1000001", "1000002")),)
    assert panel.labels[:, 0].tolist() == [1, 2, 1, 0]
    given = PanelSchema.of({"tasks": {"a": "multiclass:1,1000001,1000002,1000001.0"}})
    with pytest.raises(InputError, match=r"of 'a' that cannot be told apart among 1, 1000001"):
        Panel.read(path, schema=given)


def test_classes_in_a_schema_may_be_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "smiles,a\nC,3\nCC,1\nCCC,2.0\n")
    schema = write(tmp_path / "p.schema.yaml", "tasks: {a: {kind: ordinal, classes: [1, 2, 3]}}")
    panel = Panel.read(path)
    assert panel.kinds == (Ordinal(classes=("1", "2", "3")),)
    assert panel.labels[:, 0].tolist() == [2, 0, 1]
    write(schema, "tasks: {a: {kind: ordinal, classes: [no, maybe, yes]}}")
    with pytest.raises(InputError, match=r"p.schema.yaml: .*write classes in quotes"):
        Panel.read(path)


def test_qualifiers_and_units_beside_a_column(tmp_path: Path) -> None:
    text = (
        "smiles,Ki,Ki relation,Ki unit\nC,5,>,uM\nCC,7,=,uM\nCCC,8,,\N{MICRO SIGN}M\nCCO,3,'<',uM\n"
    )
    path = write(tmp_path / "panel.csv", text)
    panel = Panel.read(path)
    assert panel.tasks == ("Ki",)
    assert panel.kinds == (Censored(unit="uM"),)
    assert panel.bounds is not None
    assert panel.bounds[:, 0].tolist() == [1, 0, 0, -1]
    log = load_panel([path]).log
    assert log.counts() == {Outcome.UNKNOWN_QUALIFIER: 1}
    mixed = write(tmp_path / "mixed.csv", text.replace("CCO,3,'<',uM", "CCO,3,'<',nM"))
    with pytest.raises(
        InputError, match=r"line 5, column 'Ki': mixed units in 'Ki': nM, uM .*to_p"
    ):
        Panel.read(mixed)
    converted = Panel.read(mixed, schema=PanelSchema(to_p=True))
    molar = np.array([5e-6, 7e-6, 8e-6, 3e-9])
    np.testing.assert_allclose(converted.labels[:, 0], -np.log10(molar), 1e-6)
    assert converted.bounds is not None
    assert converted.bounds[:, 0].tolist() == [-1, 0, 0, 1]


def test_units_in_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "smiles,Ki\nC,>5 nM\nCC,7 nM\nCCC,8 uM\n")
    with pytest.raises(InputError, match="line 4, column 'Ki': mixed units"):
        Panel.read(path)
    labels = Panel.read(path, schema=PanelSchema(to_p=True)).labels[:, 0]
    np.testing.assert_allclose(labels, -np.log10([5e-9, 7e-9, 8e-6]), 1e-6)
    (first, *_), _ = (
        event.details for event in load_panel([path], PanelSchema(to_p=True)).log.events
    )
    assert first == ">5 nM is 8.30103"


def test_rows_of_a_molecule_are_merged_only_where_asked(tmp_path: Path) -> None:
    text = "smiles,a,b\nCCO,1,>5\nOCC,1,7\nC(O)C,0,\nCC,1,<2\nCC,0,<1\nxx,1,3\nxx,0,3\n"
    path = write(tmp_path / "p.csv", text)
    assert len(Panel.read(path)) == 7
    loaded = load_panel([path], PanelSchema(merge=True))
    assert loaded.panel.structures == ["CCO", "CC", "xx", "xx"]
    np.testing.assert_array_equal(
        loaded.panel.labels, np.array([[1, 7], [np.nan, 1], [1, 3], [0, 3]], np.float32)
    )
    assert loaded.panel.bounds is not None
    assert loaded.panel.bounds.tolist() == [[0, 0], [0, -1], [0, 0], [0, 0]]
    counts = loaded.log.counts()
    assert counts == {Outcome.MERGED: 4, Outcome.CONTRADICTION: 5}


@pytest.mark.parametrize(
    ("text", "schema", "message"),
    [
        ("smiles,a\nCC,1\nC,>5\n", {"also": {"a": "binary"}}, "line 3, column 'a': .*'>5'.*censor"),
        (
            "smiles,a\nCC,1\nC,>5\n",
            {"also": {"a": "regression"}},
            r"line 3, .* tasks=.'a': 'censored'",
        ),
        ("smiles,a\nCC,1.5\nC,z\n", {"tasks": {"a": "censored"}}, "line 3, .*a number .*'z'"),
        ("smiles,a\nCC,low\nC,x\n", {"also": {"a": "ordinal:low,high"}}, "line 3, .*one of low, h"),
        ("smiles,a\nCC,low\nC,x\n", {"also": {"a": "ordinal"}}, "which order"),
        ("smiles,a\nCC,low\nC,low\n", {"also": {"a": "multiclass"}}, "two are needed"),
        ("smiles,a\nCC,1\nC,0\n", {"also": {"b": "binary"}}, "no column 'b'"),
        ("smiles,a\nCC,\nC,\n", {}, "no assay"),
        ("smiles,a\nCC,\nC,\n", {"also": {"a": None}}, "nothing is measured"),
        ("smiles,a\nCC,1\nC,0\n", {"min_rows": 3}, "no assay has 3 molecules"),
        ("smiles,a (nM)\nCC,>1\nC,0\n", {"to_p": True}, "line 3, .* above 0, found '0'"),
        ("smiles,a\nCC,1e39\nC,2.5\n", {"tasks": {"a": "regression"}}, "line 2"),
        ("smiles,a\n", {}, "it has no rows"),
    ],
)
def test_faults_name_their_place(
    tmp_path: Path, text: str, schema: dict[str, object], message: str
) -> None:
    path = write(tmp_path / "p.csv", text)
    with pytest.raises(InputError, match=message):
        Panel.read(path, schema=PanelSchema.of(schema))


@pytest.mark.parametrize(
    "text",
    [
        "smiles,a\nCC,1\nC,0\n",
        "smiles,a\r\nCC,1\r\nC,0\r\n",
        "\ufeffsmiles,a\nCC,1\nC,0\n",
        "smiles;a\nCC;1\nC;0\n",
        "smiles\ta\nCC\t1\nC\t0",
        ",smiles,a\n0,CC,1\n1,C,0\n",
    ],
)
def test_ways_to_write_a_table(tmp_path: Path, text: str) -> None:
    panel = Panel.read(write(tmp_path / "p.csv", text))
    assert (panel.structures, panel.tasks, panel.labels.tolist()) == (
        ["CC", "C"],
        ("a",),
        [[1], [0]],
    )


def test_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError, match=r"Excel workbook.*save it as CSV"):
        Panel.read(path)


def test_small_and_odd_tables(tmp_path: Path) -> None:
    one = Panel.read(write(tmp_path / "one.csv", "smiles,a\nCC,1\n"))
    assert one.labels.tolist() == [[1]]
    long = "C" * 10_000
    huge = Panel.read(write(tmp_path / "huge.csv", f"smiles,a\n{long},1\nC,0\n"))
    assert huge.structures == [long, "C"]
    slip = "smiles,a,b\n" + "CC,1,0\n" * 20 + "C,2,1\n"
    with pytest.raises(
        InputError, match=r"slip.csv, line 22, column 'a': outcomes, or numbers\? '2'"
    ):
        Panel.read(write(tmp_path / "slip.csv", slip))
    none = PanelSchema.of({"also": {"a": "none"}})
    assert Panel.read(tmp_path / "slip.csv", schema=none).tasks == ("b",)
    asked = load_panel([tmp_path / "slip.csv"], PanelSchema.of({"tasks": ["a"]}))
    assert asked.log.counts() == {Outcome.UNREADABLE: 1}
    assert asked.panel.labels[:, 0].tolist() == [1] * 20 + [-1]


def test_a_text_among_outcomes_loses_its_cell_alone(tmp_path: Path) -> None:
    text = "smiles,a,b\n" + "CC,1,0\nC,0,1\n" * 10 + "CCC,n/d,0\n"
    loaded = load_panel([write(tmp_path / "p.csv", text)])
    assert loaded.panel.tasks == ("a", "b")
    assert loaded.panel.labels[-1].tolist() == [-1, 0]
    assert loaded.log.counts() == {Outcome.UNREADABLE: 1}
    many = text + "CCC,low,0\nCCO,high,1\nCCN,low,1\n"
    found = load_panel([write(tmp_path / "many.csv", many)])
    (left_out,) = [each for each in found.columns if each.column == "a"]
    assert (left_out.kind, left_out.doubtful) == ("", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks: {a: binry}", "a:binry.*did you mean 'binary'"),
        ("task: {a: binary}", "did you mean 'tasks'"),
        ("[1, 2]", "settings by name"),
        ("tasks: {a: [", "panel.yaml"),
        ("layout: tall", "unknown layout 'tall'.*wide"),
        ("tasks: {a: 'ordinal:low'}", "classes"),
    ],
)
def test_faults_of_a_schema_name_its_file(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path / "panel.yaml", text)
    with pytest.raises(InputError, match=message) as caught:
        Panel.read(write(tmp_path / "p.csv", "smiles,a\nCC,1\n"))
    assert "panel.yaml" in str(caught.value)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'censored'"):
        TaskEntry(kind="censord")


def test_merged_rows_keep_what_they_all_say(tmp_path: Path) -> None:
    rows = "CCO,a,1,test,2001,2001-03\nOCC,b,1,train,2001,2001-02\nCCN,c,0,train,2020,\n"
    path = write(tmp_path / "panel.csv", "smiles,name,active,split,year,date\n" + rows)
    loaded = load_panel([path], PanelSchema(merge=True))
    assert loaded.panel.columns == {
        "name": ["a", "c"],
        "year": ["2001", "2020"],
        "date": ["2001-02", ""],
    }
    notes = [note.text for note in loaded.log.notes]
    assert "left out, as rows of one molecule differ in them: split" in notes
    assert list(Panel.read(path).columns) == ["name", "split", "year", "date"]


SETTINGS = [
    ({"layout": "wide", "columns": {"value": "outcome"}}, "'outcome' can be no column of values"),
    ({"layout": "wide", "columns": {"assay": "no"}}, "'no' can be no column of assays"),
    ({"qualifier_of": "value"}, "qualifier_of is for long tables"),
    ({"columns": {"id": "no"}}, "no column 'no'"),
    ({"columns": {"unit": "no"}}, "no column 'no'"),
    ({"tasks": {"no": "binary"}}, "no column 'no'"),
    ({"also": {"no": "none"}}, "no column 'no'"),
    ({"also": {"inhibition": {"qualifier": "no"}}}, "no column 'no'"),
]


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_no_setting_is_ignored(
    tmp_path: Path, settings: dict[str, object], message: str, merge: bool
) -> None:
    path = write(tmp_path / "panel.csv", TABLE + "CCO,f,1,,,,,\n")
    with pytest.raises(InputError, match=message):
        Panel.read(path, schema={**settings, "merge": merge})


def test_qualifiers_in_words(tmp_path: Path) -> None:
    text = "smiles,pIC50\nCC,ca. 5\nCCC,GT 8\nCO,&lt;4.5\nCN,6\n"
    panel = Panel.read(write(tmp_path / "panel.csv", text))
    assert panel.kinds == (Censored(unit="p"),)
    assert panel.labels[:, 0].tolist() == [5, 8, 4.5, 6]
    assert panel.bounds is not None
    assert panel.bounds[:, 0].tolist() == [0, 1, -1, 0]


def test_a_measured_column_is_not_lost_for_its_commas(tmp_path: Path) -> None:
    rows = [f"{'C' * (n + 1)}O;{5 + n}{',.'[n % 2]}5;{10 + n},5" for n in range(8)]
    path = write(tmp_path / "t.csv", "\n".join(["smiles;pIC50;EC50 (nM)", *rows]))
    with pytest.raises(InputError, match=r"'pIC50'.*numbers with commas, as '5,5'.*regression"):
        Panel.read(path)
    assert Panel.read(path, schema={"also": {"pIC50": "none"}}).tasks == ("EC50 (nM)",)
    assert Panel.read(path, schema={"also": {"EC50 (nM)": None}}).tasks == ("EC50 (nM)",)
    path.write_text(path.read_text().replace(".", ","))
    assert Panel.read(path).tasks == ("pIC50", "EC50 (nM)")
