"""Tables as people bring them, and the assays that are in them."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.panels.decisions import Role
from bioassay_mtl.panels.load import Loaded, load_panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema

TABLES = Path(__file__).parent / "tables"
TO_P = {"to_p": True}
N = 40
SMILES = ["C" * (1 + row // 4) + ["O", "N", "Cl", "F"][row % 4] for row in range(N)]
VALUES = [round(10 * 1.3**row, 3) for row in range(N)]
SIGNS = [">" if row % 4 == 0 else "=" for row in range(N)]
OUTCOMES = [int(row % 5 == 0) for row in range(N)]
TARGETS = [("EGFR", "HER2")[row % 2] for row in range(N)]


class Assay(NamedTuple):
    """What a test expects of one assay; actives of a binary one, else bounds."""

    kind: str
    measured: int
    special: int


def assays(panel: Panel) -> dict[str, Assay]:
    found = {}
    for place, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        cells = panel.cells.of_task(place)
        is_binary = kind.kind == "binary"
        bounds = 0 if cells.bounds is None else int((cells.bounds != 0).sum())
        special = int((cells.values == 1).sum()) if is_binary else bounds
        found[task] = Assay(kind.kind, len(cells.values), special)
    return found


def load(name: str, schema: Mapping[str, Any] | None = None) -> Loaded:
    return load_panel([TABLES / name], PanelSchema.of(dict(schema or {})))


def written(
    folder: Path, columns: Mapping[str, Sequence[object]], name: str = "panel.csv", sep: str = ","
) -> Path:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=sep)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def reasons(loaded: Loaded) -> dict[str, str]:
    return {each.column: each.reason for each in loaded.columns if each.role is Role.OTHER}


def notes(loaded: Loaded) -> str:
    return "\n".join(note.text for note in loaded.log.notes)


CASES = [
    ("01-chembl-web.csv", TO_P, {"CHEMBL203 pIC50": ("censored", 120, 31)}),
    ("01-chembl-web.csv", {}, {"CHEMBL203 pIC50": ("censored", 120, 31)}),
    ("05-minus1.csv", {}, {
        "assayA": ("binary", 106, 3), "assayB": ("binary", 80, 3), "assayC": ("binary", 32, 18),
    }),
    ("06-euro.csv", {}, {"pIC50": ("regression", 120, 0), "Aktivit\u00e4t": ("binary", 120, 2)}),
    ("06e-sepline.csv", {}, {"pIC50": ("regression", 120, 0)}),
    ("33-moleculeace.csv", {}, {
        "exp_mean [nM]": ("regression", 200, 0), "y": ("regression", 200, 0),
    }),
    ("34c-prefix.csv", TO_P, {"pIC50": ("censored", 200, 40)}),
    ("40f-ic50-value.csv", TO_P, {"pIC50": ("censored", 120, 30)}),
    ("40-client-trim.csv", TO_P, {"pIC50": ("censored", 120, 30)}),
    ("40-client-trim.csv",
     {**TO_P, "columns": {"qualifier": "standard_relation", "unit": "standard_units"}},
     {"pIC50": ("censored", 120, 30)}),
    ("40-client-trim.csv", {}, {"IC50": ("censored", 120, 30)}),
    ("41b-words-mw.csv", {}, {"activity": ("binary", 120, 18)}),
    ("42b-flag-const.csv", {}, {"pIC50": ("regression", 120, 0)}),
    ("43-ki-ic50.csv", {}, {
        "Ki (nM)": ("censored", 120, 20), "IC50 (nM)": ("regression", 120, 0),
        "EC50 (nM)": ("regression", 120, 0),
    }),
    ("43b-outcome-ic50.csv", {}, {
        "IC50 (nM)": ("regression", 120, 0), "hERG_blocker": ("binary", 120, 18),
    }),
    ("44-tsv-quotes.tsv", {}, {"active": ("binary", 30, 15)}),
    ("45-bace-like.csv", {}, {"Class": ("binary", 120, 18), "pIC50": ("regression", 120, 0)}),
    ("49-lower-nm.csv", TO_P, {"pIC50": ("regression", 120, 0)}),
    ("62-two-dec.csv", {}, {"active": ("binary", 120, 18)}),
    ("62d-plus.csv", {}, {"active": ("binary", 120, 18)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "schema", "expected"), CASES)
def test_a_table_of_the_cases(
    name: str, schema: dict[str, Any], expected: dict[str, tuple[str, int, int]]
) -> None:
    assert assays(load(name, schema).panel) == expected


def test_bindingdb_has_a_task_for_each_target_and_type() -> None:
    found = assays(load("02-bindingdb.tsv", TO_P).panel)
    assert len(found) == 9
    for kind, measured, bounds in (("pKi", 24, 24), ("pIC50", 84, 0), ("pKd", 12, 6)):
        own = [assay for task, assay in found.items() if task.endswith(f" {kind}")]
        assert len(own) == 3
        assert sum(assay.measured for assay in own) == measured
        assert sum(assay.special for assay in own) == bounds


def test_pubchem_rows_of_several_targets_are_assays_of_their_own() -> None:
    found = assays(load("03b-AID_1433_datatable.csv").panel)
    assert list(found) == ["AID1433 EGFR", "AID1433 HER2"]
    with (TABLES / "03b-AID_1433_datatable.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for target in ("EGFR", "HER2"):
        calls = [row["PUBCHEM_ACTIVITY_OUTCOME"] for row in rows if row["Target"] == target]
        active = sum(call in ("Active", "Probe") for call in calls)
        inactive = sum(call == "Inactive" for call in calls)
        assert found[f"AID1433 {target}"] == ("binary", active + inactive, active)


def test_cells_that_cannot_be_read_stop_nothing() -> None:
    loaded = load("04-messy-cells.csv", TO_P)
    unread = [
        text
        for event in loaded.log.events
        if event.outcome is Outcome.UNREADABLE
        for text in event.details
    ]
    assert {"45%", "inactive", "TBD", "10-20", "<LOD"} <= set(unread)
    (assay,) = assays(loaded.panel).values()
    assert assay.kind == "censored"
    with (TABLES / "04-messy-cells.csv").open(encoding="utf-8") as stream:
        cells = [row["IC50 (uM)"].strip() for row in csv.DictReader(stream)]
    empty = [cell for cell in cells if cell.casefold() in {"", "na", "nd", "n.d.", "nt", "#n/a"}]
    said = loaded.log.counts().get(Outcome.NO_CALL, 0)
    assert said == cells.count("?")
    assert assay.measured + len(unread) + len(empty) + said == len(cells)
    values = dict(zip(loaded.panel.ids, loaded.panel.labels[:, 0].tolist(), strict=True))
    assert values["C3"] == pytest.approx(-math.log10(12.5e-6), abs=1e-5)
    assert values["C9"] == pytest.approx(-math.log10(3.2e-6), abs=1e-5)


def test_bounds_are_in_the_unit_of_their_column() -> None:
    panel = load("34c-prefix.csv").panel
    assert getattr(panel.kinds[0], "unit", "") == "uM"
    panel = load("01-chembl-web.csv", TO_P).panel
    assert panel.bounds is not None
    above = panel.bounds[:, 0] != 0  # > 10000 nM
    assert set(panel.bounds[above, 0].tolist()) == {-1}
    np.testing.assert_allclose(panel.labels[above, 0], 5, atol=1e-6)


def test_what_was_decided_is_said() -> None:
    said = reasons(load("45-bace-like.csv"))
    assert said["sCH3_Key"] == "a name of a fingerprint's key or count"
    assert {"sF_Key", "sLi_Cnt", "sPbH3_Sum", "MW", "AlogP", "Model"} <= set(said)
    assert reasons(load("42b-flag-const.csv")) == {"validated": "a name of a flag"}
    assert "cliff_mol" in reasons(load("33-moleculeace.csv"))
    assert reasons(load("41b-words-mw.csv")) == {"MW": "a name of a computed property"}
    assert "Potential Duplicate" in reasons(load("01-chembl-web.csv"))
    assert "read as not measured: assayA, assayB, assayC" in notes(load("05-minus1.csv"))
    assert "aktiv is active; inaktiv is inactive" in notes(load("06-euro.csv"))
    assert "is read as nM" in notes(load("49-lower-nm.csv", TO_P))
    for name in ("01-chembl-web.csv", "02-bindingdb.tsv", "43-ki-ic50.csv"):
        loaded = load(name)
        decided = [each.column for each in loaded.columns]
        assert len(decided) == len(set(decided))
        assert all(each.reason for each in loaded.columns)


FLAGS = {"is_pains": OUTCOMES, "In stock": OUTCOMES, "Duplikat": OUTCOMES, "train_set": OUTCOMES}
COMPUTED = {"MolLogP": VALUES, "Molekulargewicht": VALUES, "HBD": OUTCOMES, "ECFP4_7": OUTCOMES}
VARIANTS = [
    ({"hERG: IC50 (\u00b5M)": VALUES, "hERG: IC50 modifier": SIGNS, "Hill": VALUES},
     {"phERG: IC50": ("censored", N, 10)}),
    ({"Ki Op": SIGNS, "Ki Val": VALUES, "Ki UOM": ["nm"] * N, "Ki SD": VALUES},
     {"pKi": ("censored", N, 10)}),
    ({"Vorzeichen": SIGNS, "IC50 Wert": VALUES, "Einheit": ["nM"] * N},
     {"pIC50": ("censored", N, 10)}),
    ({"standard_type": ["Ki"] * N, "relation": ["="] * N, "standard_relation": SIGNS,
      "value": OUTCOMES, "standard_value": VALUES, "units": ["ug"] * N,
      "standard_units": ["nM"] * N, "pchembl_value": ["" if sign == ">" else
      f"{9 - math.log10(value):.2f}" for sign, value in zip(SIGNS, VALUES, strict=True)],
      "target_chembl_id": ["CHEMBL1"] * N, "potential_duplicate": OUTCOMES},
     {"CHEMBL1 pKi": ("censored", N, 10)}),
    ({"Target": TARGETS, "Type": ["IC50"] * (N // 2) + ["Ki"] * (N // 2), "Relation": SIGNS,
      "Value": VALUES, "Unit": ["nM"] * N},
     {f"{target} {kind}": ("censored", N // 4, 5 * (target == "EGFR"))
      for kind in ("pIC50", "pKi") for target in ("EGFR", "HER2")}),
    ({"Target Name": TARGETS, "Kd (nM)": VALUES, "EC50 (nM)": [""] * N, "pH": [7.4] * N},
     {"EGFR pKd": ("regression", N // 2, 0), "HER2 pKd": ("regression", N // 2, 0)}),
    ({"EC50 [UM]": VALUES, **FLAGS, **COMPUTED}, {"pEC50": ("regression", N, 0)}),
    ({"Toxisch": ["ja", "nein"] * (N // 2), "Ki_nM": VALUES, "gepr\u00fcft": [1] * N},
     {"Toxisch": ("binary", N, N // 2), "pKi": ("regression", N, 0)}),
    ({"Activit\u00e9": ["Actif", "inactif"] * (N // 2), "IC50 (pM)": VALUES},
     {"Activit\u00e9": ("binary", N, N // 2), "pIC50": ("regression", N, 0)}),
    ({"Ames": ["+", "-"] * (N // 2), "IC50 (nmol/L)": VALUES},
     {"Ames": ("binary", N, N // 2), "pIC50": ("regression", N, 0)}),
    ({"Hit": ["1.000", "0.0"] * (N // 2), "IC50 (nM)": [*VALUES[:-2], "12%", "see note"]},
     {"Hit": ("binary", N, N // 2), "pIC50": ("regression", N - 2, 0)}),
    ({"A": ["1.0", "-1.0", "0.0", "0"] * (N // 4), "GI50 (nM)": VALUES},
     {"A": ("binary", N * 3 // 4, N // 4), "pGI50": ("regression", N, 0)}),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "expected"), VARIANTS)
def test_other_tables_of_the_same_kinds(
    tmp_path: Path, columns: dict[str, Any], expected: dict[str, Any]
) -> None:
    path = written(tmp_path, {"Canonical_SMILES": SMILES, **columns})
    assert assays(load_panel([path], PanelSchema.of(TO_P)).panel) == expected


@pytest.mark.parametrize(
    ("columns", "schema", "message"),
    [
        ({"a": [1, -1] * 20}, {}, r"-1 inactive, or not measured\? a: .*binary:-1,1.*missing=-1"),
        ({"pIC50": VALUES, "EGFR": OUTCOMES}, {}, "or flags or keys.*beside pIC50: EGFR.*none"),
        ({"IC50 (nM)": VALUES, "zeta": [*VALUES[:20], *[""] * 20]}, {}, "or properties comp.*zeta"),
        ({"IC50 (nM)": VALUES, "Ki (nM)": VALUES, "sign": SIGNS}, {}, "the qualifiers in .sign."),
        ({"active": OUTCOMES}, {"columns": {"qualifier": "relation"}}, "no column 'relation'"),
        ({"active": OUTCOMES, "rel": SIGNS}, {"columns": {"qualifier": "rel"}}, "no assay of num"),
        ({"potency": VALUES}, TO_P, "nothing was converted to pActivity"),
        ({"inhibition at 10 uM": VALUES}, TO_P, "nothing was converted to pActivity"),
        ({"active": OUTCOMES}, {"missing": ["?"]}, r"no cell holds '\?'"),
        ({"is_duplicate": OUTCOMES}, {}, "no assay.*'is_duplicate' is a name of a flag"),
        ({"target": TARGETS, "IC50 (nM)": VALUES, "Ki (nM)": VALUES}, {"also": {"EGFR Kd": None}},
         "no assay 'EGFR Kd'"),
    ],
)  # fmt: skip
def test_two_readings_are_asked_about(
    tmp_path: Path, columns: dict[str, Any], schema: dict[str, Any], message: str
) -> None:
    path = written(tmp_path, {"smiles": SMILES, **columns})
    with pytest.raises(InputError, match=message):
        load_panel([path], PanelSchema.of(schema))


def test_an_answer_settles_what_was_asked(tmp_path: Path) -> None:
    path = written(tmp_path, {"smiles": SMILES, "a": [1, -1] * 20})
    panel = Panel.read(path, schema={"also": {"a": "binary:-1,1"}})
    assert assays(panel) == {"a": ("binary", N, 20)}
    path = written(tmp_path, {"smiles": SMILES, "pIC50": VALUES, "EGFR": OUTCOMES})
    for entry, tasks in (("binary", ("pIC50", "EGFR")), ("none", ("pIC50",))):
        assert Panel.read(path, schema={"also": {"EGFR": entry}}).tasks == tasks
    assert Panel.read(path, schema={"also": {"pIC50": None}}).tasks == ("pIC50",)


# Different values: a constant is no assay.
MEASUREMENTS = st.lists(
    st.tuples(st.sampled_from([">", "=", "<"]), st.integers(2, 99_999)),
    min_size=6,
    max_size=2 * N,
    unique_by=lambda each: each[1],
)


def layouts_of(rows: list[tuple[int, str, str, int]]) -> dict[str, dict[str, list[Any]]]:
    """The same measurements in each layout, with names of the tasks as the last one has them."""
    smiles = [SMILES[row] for row, *_ in rows]
    target, sign, value = (list(part) for part in list(zip(*rows, strict=True))[1:])
    signed = [f"{s.replace('=', '')}{v}" for s, v in zip(sign, value, strict=True)]
    molecules = list(dict.fromkeys(smiles))
    cells = {(m, t): (s, v) for m, t, s, v in zip(smiles, target, sign, value, strict=True)}

    def each(task: str, part: int) -> list[Any]:
        return [cells.get((molecule, task), ("", ""))[part] for molecule in molecules]

    tasks = sorted(set(target))
    wide = {f"{t} IC50 (nM)": ["".join(map(str, cells.get((m, t), ""))).replace("=", "")
                               for m in molecules] for t in tasks}  # fmt: skip
    beside: dict[str, list[Any]] = {}
    for t in tasks:
        beside |= {f"{t} Op": each(t, 0), f"{t} IC50": each(t, 1)}
    return {
        "wide": {"smiles": molecules, **wide},
        "long": {"smiles": smiles, "assay": target, "relation": sign, "value": value,
                 "units": ["nM"] * len(rows)},
        "chembl": {"canonical_smiles": smiles, "target_chembl_id": target,
                   "standard_type": ["IC50"] * len(rows), "standard_relation": sign,
                   "standard_value": value, "standard_units": ["nM"] * len(rows)},
        "bindingdb": {"Ligand SMILES": smiles, "Target Name": target, "IC50 (nM)": signed},
        "beside": {"smiles": molecules,
                   **{name: column for t in tasks for name, column in (
                       (f"{t} IC50 qualifier", each(t, 0)), (f"{t} IC50 value", each(t, 1)),
                       (f"{t} IC50 unit", ["nM" if v else "" for v in each(t, 1)]))}},
    }  # fmt: skip


def content(panel: Panel) -> set[tuple[str, str, float, int]]:
    found = set()
    for place, task in enumerate(panel.tasks):
        target = next(name for name in ("EGFR", "HER2") if name in task)
        cells = panel.cells.of_task(place)
        bounds = np.zeros(len(cells.rows), np.int8) if cells.bounds is None else cells.bounds
        for row, value, bound in zip(cells.rows, cells.values, bounds, strict=True):
            assert panel.structures is not None
            found.add((panel.structures[row], target, round(float(value), 4), int(bound)))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MEASUREMENTS)
def test_one_set_of_measurements_in_every_layout(
    tmp_path_factory: pytest.TempPathFactory, measured: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("layouts")
    targets = ("EGFR", "HER2")
    rows = [(n // 2, targets[n % 2], *each) for n, each in enumerate(measured)]
    expected = {
        (SMILES[row], target, round(9 - math.log10(value), 4), {">": -1, "<": 1, "=": 0}[sign])
        for row, target, sign, value in rows
    }
    for layout, columns in layouts_of(rows).items():
        path = written(folder, columns, f"{layout}.csv")
        schema = PanelSchema.of(TO_P)
        found = content(load_panel([path], schema).panel)
        assert {e[:2] + e[3:] for e in found} == {e[:2] + e[3:] for e in expected}, layout
        values = {e[:2]: e[2] for e in found}
        assert values == pytest.approx({e[:2]: e[2] for e in expected}, abs=2e-4), layout
