"""Texts and codes that say that nothing was measured, and signs that say what was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.load import Loaded, load_panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tasks.kinds import Binary, Multiclass, Regression

NAN = np.nan


def read(folder: Path, name: str, cells: str, **schema: object) -> Loaded:
    """The panel of one column beside different alkanes, twice over."""
    rows = [f"{'C' * n};{cell}" for n, cell in enumerate(cells.split(",") * 2, 1)]
    path = folder / "panel.csv"
    path.write_text("\n".join([f"smiles;{name}", *rows]) + "\n", encoding="utf-8")
    return load_panel([path], PanelSchema.of(schema) if schema else None)


def check(found: Loaded, expected: list[float]) -> None:
    labels = found.panel.labels[:, 0].astype(np.float32)
    labels[~found.panel.mask[:, 0]] = NAN
    np.testing.assert_array_equal(labels, np.array(expected * 2, np.float32))


@pytest.mark.parametrize("minus", ["-", "\N{MINUS SIGN}", "\N{EN DASH}"])
def test_a_minus_beside_a_plus_is_inactive(minus: str, tmp_path: Path) -> None:
    found = read(tmp_path, "outcome", f"+,{minus},+/-,,n.d.")
    assert found.panel.kinds == (Binary(),)
    check(found, [1, 0, NAN, NAN, NAN])
    assert any("'+/-' is read as not measured (2 cells)" in note.text for note in found.log.notes)


def test_a_minus_beside_more_pluses_is_a_class(tmp_path: Path) -> None:
    found = read(tmp_path, "outcome", "+++,++,+,-")
    assert found.panel.kinds == (Multiclass(classes=("(-)", "+", "++", "+++")),)
    check(found, [3, 2, 1, 0])
    named = read(tmp_path, "outcome", "+++,++,+,-", tasks={"outcome": "ordinal:-,+,++,+++"})
    check(named, [3, 2, 1, 0])


@pytest.mark.parametrize("code", ["-9", "-99", "-999", "-9999", "-999.0"])
@pytest.mark.parametrize("others", [("0", "1"), ("inactive", "active")])
def test_codes_beside_outcomes_are_not_measured(
    code: str, others: tuple[str, str], tmp_path: Path
) -> None:
    found = read(tmp_path, "outcome", ",".join([*others, code, ""]))
    assert found.panel.kinds == (Binary(),)
    check(found, [0, 1, NAN, NAN])
    assert any(f"{code!r} is read as not measured" in note.text for note in found.log.notes)
    assert found.log.counts()[Outcome.NO_CALL] == 2


def test_codes_stay_beside_the_rule_of_minus_one(tmp_path: Path) -> None:
    check(read(tmp_path, "outcome", "0,1,-1,-999"), [0, 1, NAN, NAN])


@pytest.mark.parametrize("name", ["IC50 (nM)", "Ki (µM)", "MIC (ug/mL)"])
@pytest.mark.parametrize("code", ["-1", "-999"])
@pytest.mark.parametrize("to_p", [False, True])
def test_no_concentration_is_below_zero(name: str, code: str, to_p: bool, tmp_path: Path) -> None:
    to_p = to_p and "MIC" not in name
    found = read(tmp_path, name, f"10,20,30.5,{code}", to_p=to_p)
    assert np.isnan(found.panel.labels[[3, 7], 0]).all()
    assert np.isfinite(found.panel.labels[:3]).all()
    outcome = Outcome.NO_CALL if code == "-999" else Outcome.UNREADABLE
    assert found.log.counts()[outcome] == 2


def test_concentrations_that_are_mostly_below_zero_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'-7'.*missing=-7"):
        read(tmp_path, "IC50 (nM)", "10,-7,20,-7")
    check(read(tmp_path, "IC50 (nM)", "10,-7,20,-7", missing=("-7",)), [10, NAN, 20, NAN])


@pytest.mark.parametrize("name", ["change (%)", "logD"])
def test_other_values_may_be_below_zero(name: str, tmp_path: Path) -> None:
    check(read(tmp_path, name, "10,-1,20,-9.5"), [10, -1, 20, -9.5])


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("pIC50", "4.5,9,-999,6", [4.5, 9, NAN, 6]),
        ("pIC50", "4.5,-99,>9,-9", [4.5, NAN, 9, NAN]),
        ("inhibition (%)", "-20,100,-99,-9999", [-20, 100, -99, NAN]),
        ("logS", "-9,-2,1,-8.5", [-9, -2, 1, -8.5]),
        ("logS", "-9,-9,-9,-9.5", [-9, -9, -9, -9.5]),
    ],
)
def test_codes_far_below_all_other_values_are_not_measured(
    name: str, cells: str, expected: list[float], tmp_path: Path
) -> None:
    found = read(tmp_path, name, cells)
    check(found, expected)
    assert found.log.counts().get(Outcome.NO_CALL, 0) == 2 * int(np.isnan(expected).sum())


SAYS_NOTHING = ["None", "?", "unknown", "missing", "NR", "x", "not available"]
NO_CALL = ["inconclusive", "unspecified", "BLQ", "Ambiguous"]
BLANK = ["n.b.", "#NV", "k.A.", "--", "n.d.", "not determined", "n.a."]


@pytest.mark.parametrize("others", [("0", "1"), ("inactive", "active"), ("False", "True")])
@pytest.mark.parametrize("text", [*SAYS_NOTHING, *NO_CALL, *BLANK])
def test_texts_beside_outcomes_are_not_measured(
    text: str, others: tuple[str, str], tmp_path: Path
) -> None:
    found = read(tmp_path, "outcome", ",".join([*others, text]))
    assert found.panel.kinds == (Binary(),)
    check(found, [0, 1, NAN])
    said = [note.text for note in found.log.notes if repr(text) in note.text]
    assert bool(said) == (text not in BLANK)


@pytest.mark.parametrize("text", [*SAYS_NOTHING, *BLANK])
def test_texts_beside_numbers_are_not_measured(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, "logD", f"0.5,1.5,{text},{text},2")
    assert found.panel.kinds == (Regression(),)
    check(found, [0.5, 1.5, NAN, NAN, 2])


def test_classes_keep_a_class_of_none(tmp_path: Path) -> None:
    found = read(tmp_path, "class", "agonist,antagonist,none")
    check(found, [0, 1, 2])
    asked = {"outcome": "multiclass:active,inactive,inconclusive"}
    check(read(tmp_path, "outcome", "active,inactive,inconclusive", tasks=asked), [0, 1, 2])


def test_texts_of_a_long_table(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = [f"{'C' * n},{assay},{v}" for assay in "ab" for n, v in enumerate("01?01", 1)]
    path.write_text("\n".join(["smiles,assay,value", *rows]) + "\n")
    found = load_panel([path])
    assert found.panel.kinds == (Binary(), Binary())
    assert found.panel.labels[:, 0].tolist() == [0, 1, 0, 1]
    assert any("'?' is read as not measured (2 cells)" in note.text for note in found.log.notes)


@pytest.mark.parametrize(
    ("cell", "says", "options"),
    [
        ("1.234,5", "thousands and decimal=comma", {"thousands": True, "decimal": "comma"}),
        ("1 234,5", "thousands and decimal=comma", {"thousands": True, "decimal": "comma"}),
        ("1.234.567", "thousands and decimal=comma", {"thousands": True, "decimal": "comma"}),
        ("1'234.5", "thousands reads", {"thousands": True}),
        ("1 234.5", "thousands reads", {"thousands": True}),
    ],
)
def test_separators_are_named_with_what_reads_them(
    cell: str, says: str, options: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(f"smiles;IC50 (nM)\nCCO;{cell}\nCCN;{cell.replace('2', '3')}\n")
    with pytest.raises(InputError, match=says):
        load_panel([path])
    assert (load_panel([path], PanelSchema.of(options)).panel.labels > 1000).all()
