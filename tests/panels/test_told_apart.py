"""Columns of targets, cells, species and types: what differs in them is never averaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.load import Loaded, load_panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema

THINGS = (
    "Gene", "Protein", "Target_id", "Uniprot", "accession", "Enzyme", "Isoform", "Receptor",
    "Cell line", "Species", "organism", "Assay Name", "Ziel", "Zelllinie",
)  # fmt: skip


def load(
    folder: Path, header: str, cells: Callable[[int], str], assay: str | None = None
) -> Loaded:
    """A table of 20 molecules, two rows each."""
    rows = [f"{'C' * (row // 2 + 1)}O,{cells(row)}" for row in range(40)]
    path = folder / "panel.csv"
    path.write_text("\n".join([header, *rows]))
    schema = {} if assay is None else {"columns": {"assay": assay}}
    return load_panel([path], PanelSchema.of(schema))


def either(row: int, texts: str) -> str:
    return texts.split()[row % 2]


@pytest.mark.parametrize("name", THINGS)
@pytest.mark.parametrize("rest", ["standard_type,standard_value,standard_units", "type,value,unit"])
def test_two_of_a_thing_are_two_assays(tmp_path: Path, name: str, rest: str) -> None:
    loaded = load(
        tmp_path,
        f"SMILES,{name},{rest}",
        lambda row: f"{either(row, 'EGFR HER2')},IC50,{10 + row},nM",
    )
    assert [task.split()[0] for task in loaded.panel.tasks] == ["EGFR", "HER2"]
    assert Outcome.MERGED not in loaded.log.counts()
    assert loaded.panel.labels[0].tolist() == [10, 11]


@pytest.mark.parametrize(
    "header",
    [
        "SMILES,RESULT_TYPE,RESULT_VALUE,RESULT_UNITS",
        "SMILES,Parameter,Wert,Einheit",
        "SMILES,affinity_type,affinity,unit",
    ],
)
def test_two_types_are_two_assays(tmp_path: Path, header: str) -> None:
    loaded = load(tmp_path, header, lambda row: f"{either(row, 'IC50 Ki')},{10 + row},nM")
    assert loaded.panel.tasks == ("IC50", "Ki")


def test_targets_and_cells_and_types_together(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "SMILES,Gene,Cell line,type,value",
        lambda row: (
            f"{('EGFR', 'HER2')[row // 2 % 2]},{either(row, 'HeLa A549')},"
            f"{('IC50', 'Ki')[row // 4 % 2]},{10 + row}"
        ),
    )
    assert len(loaded.panel.tasks) == 8
    assert loaded.panel.tasks[0] == "EGFR HeLa IC50"


def test_assays_of_columns_of_types(tmp_path: Path) -> None:
    outcomes = load(
        tmp_path,
        "SMILES,Assay,Activity_Outcome,Potency (uM)",
        lambda row: f"{either(row, 'A B')},{('Active', 'Inactive')[row % 3 > 0]},{10 + 1.5 * row}",
    )
    assert outcomes.panel.tasks == (
        "A Activity_Outcome", "B Activity_Outcome", "A Potency", "B Potency",
    )  # fmt: skip
    cells = load(
        tmp_path,
        "SMILES,cell_line,GI50 (uM)",
        lambda row: f"{either(row, 'HeLa A549')},{1.5 * row}",
    )
    assert cells.panel.tasks == ("HeLa GI50", "A549 GI50")
    papyrus = load(
        tmp_path,
        "SMILES,accession,relation,pchembl_value_Mean",
        lambda row: f"{either(row, 'P00533 P04626')},=,{5 + row / 20}",
    )
    assert papyrus.panel.tasks == ("P00533", "P04626")


def test_an_unknown_column_is_asked_about_before_anything_is_averaged(tmp_path: Path) -> None:
    def cells(row: int) -> str:
        return f"{either(row, 'left right')},IC50,{10 + row},nM"

    header = "SMILES,Foo,standard_type,standard_value,standard_units"
    with pytest.raises(InputError, match=r"does 'Foo' tell assays apart\?.*standard_type \+ Foo"):
        load(tmp_path, header, cells)
    apart = load(tmp_path, header, cells, "standard_type + Foo").panel
    assert apart.tasks == ("IC50 left", "IC50 right")
    together = load(tmp_path, header, cells, "standard_type")
    assert together.panel.tasks == ("IC50",)
    assert together.log.counts() == {Outcome.MERGED: 40}


def test_roles_of_bindingdb_are_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "bindingdb.tsv"
    rows = [
        f"{'C' * (row + 1)}O\t{either(row, 'EGFR HER2')}\t{either(row, 'human rat')}\t{row + 1}\t"
        f"{2 * row + 1}"
        for row in range(20)
    ]
    header = "Ligand SMILES\tTarget Name\tOrganism\tKi (nM)\tIC50 (nM)"
    path.write_text("\n".join([header, *rows]))

    def tasks(**columns: str) -> tuple[str, ...]:
        return load_panel([path], PanelSchema.of({"columns": columns})).panel.tasks

    assert tasks(value="Ki (nM)") == ("EGFR Ki", "HER2 Ki")
    assert tasks(assay="Organism", value="IC50 (nM)") == ("human IC50", "rat IC50")
    with pytest.raises(InputError, match="no column 'Kd'"):
        tasks(value="Kd")


def test_no_assay_is_left_out_that_there_is_not(tmp_path: Path) -> None:
    path = tmp_path / "bindingdb.tsv"
    rows = [f"{'C' * (n + 1)}O\t{either(n, 'EGFR HER2')}\t{n + 1}\t{n + 2}" for n in range(20)]
    path.write_text("\n".join(["Ligand SMILES\tTarget Name\tKi (nM)\tIC50 (nM)", *rows]))

    def tasks(name: str) -> tuple[str, ...]:
        return load_panel([path], PanelSchema.of({"also": {name: "none"}})).panel.tasks

    assert tasks("EGFR Ki") == tasks("EGFR Ki (nM)") == ("HER2 Ki", "EGFR IC50", "HER2 IC50")
    assert tasks("IC50 (nM)") == ("EGFR Ki", "HER2 Ki")
    for name in ("HER3 Ki", "EGFR Kd", "EGFR"):
        with pytest.raises(InputError, match=rf"no assay '{name}' \("):
            tasks(name)


def test_values_of_no_target_are_logged(tmp_path: Path) -> None:
    # As of cells that were merged in a workbook: the first row alone has the target.
    path = tmp_path / "merged.csv"
    targets = ["EGFR", "", "", "HER2", "", "", ""]
    rows = [f"{target},{'C' * (n + 1)}O,{n + 1 if n else ''}" for n, target in enumerate(targets)]
    path.write_text("\n".join(["target,smiles,IC50 (nM)", *rows, "EGFR,CCN,9"]))
    loaded = load_panel([path])
    assert loaded.panel.tasks == ("HER2 IC50", "EGFR IC50")
    (event,) = loaded.log.events
    assert (event.outcome, event.rows.tolist()) == (Outcome.NO_ASSAY, [1, 2, 4, 5, 6])
