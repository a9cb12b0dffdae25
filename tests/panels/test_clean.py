"""Whatever a file holds: a panel, its cleaned table that says the same, or one clear error."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bioassay_mtl.errors import BioassayError, InputError
from bioassay_mtl.panels.clean import schema_text, with_id_column, write_log, write_table
from bioassay_mtl.panels.load import Loaded, load_panel
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema

CELLS = st.sampled_from(
    ["", "0", "1", "1.0", "true", ">5", "< 1e3 nM", "~2", "7.25", "-3", "NA", "low", "high", "x,y",
     "5 uM", "1e999", "=", ">=", "nan", "\N{MICRO SIGN}M", "nM", "Active", "a\nb", '"', " 4 "]
) | st.text(max_size=6)  # fmt: skip
SMILES = st.sampled_from(["CCO", "OCC", "c1ccccc1", "CC(=O)[O-].[Na+]", "xx", "", "C" * 2000])
NAMES = st.sampled_from(
    ["a", "b", "IC50 (nM)", "pIC50", "IC50 qualifier", "assay", "value", "unit", "relation", "id",
     "row", "mw", "qualifier", "value_nM", "PUBCHEM_CID", "PUBCHEM_ACTIVITY_OUTCOME", "", "smiles_"]
) | st.text(max_size=4)  # fmt: skip
LONG = st.permutations(["assay", "pvalue", "relation", "value_nM", "value", "units"]).map(
    lambda names: ["assay", *(name for name in names[:4] if name != "assay")]
)
SCHEMAS = st.builds(
    PanelSchema,
    to_p=st.booleans(),
    merge=st.booleans(),
    standardize=st.booleans(),
    min_rows=st.integers(1, 2),
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Wide and long tables, each column of a few sorts of cells."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5) | LONG)
    sorts = [draw(st.lists(CELLS, min_size=1, max_size=3)) for _ in names]
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    rows.writerow(["smiles", *names])
    for _ in range(draw(st.integers(0, 8))):
        rows.writerow([draw(SMILES), *(draw(st.sampled_from(sort)) for sort in sorts)])
    return stream.getvalue()


def load_or_fault(path: Path, schema: PanelSchema | None, clean: bool = False) -> Loaded | str:
    """What a file gives, or the message that says why it gives nothing."""
    try:
        return load_panel([path], schema, clean=clean)
    except BioassayError as error:
        return str(error)


def round_trip(loaded: Loaded, folder: Path) -> Panel:
    """The panel that the cleaned table gives, after checks of it and of the log."""
    panel, smiles, identity = with_id_column(loaded.panel)
    with (folder / "clean.csv").open("w", encoding="utf-8", newline="") as stream:
        write_table(panel, smiles, stream)
    (folder / "clean.schema.yaml").write_text(schema_text(panel, smiles, identity), "utf-8")
    again = Panel.read(folder / "clean.csv")
    assert again.digest() == panel.digest()
    assert (again.kinds, again.tasks) == (panel.kinds, panel.tasks)
    log = io.StringIO(newline="")
    write_log(loaded.log, log)
    log.seek(0)
    assert sum(1 for _ in csv.reader(log)) == 1 + sum(len(e.rows) for e in loaded.log.events)
    return again


CONTRADICTING = "smiles,assay,relation,value_nM,pvalue\nCCO,0,,,0\nxx,0,,,0\nxx,0,,,0\nCCO,0,,,1\n"
"""Of the one molecule that can be read."""
LOOKS_LIKE_QUALIFIERS = "smiles,assay,relation,pvalue,value_nM\nCCO,0,,"
"""The last column is kept, and is none of qualifiers."""
EMPTY_WITHOUT_A_NAME = "smiles,a,0,\nCCO,,0,\nxx,,0,0\n"
"""The last column holds something in a row that is left out alone."""
LOOKS_LIKE_UNITS = "smiles,assay,pvalue,value_nM,relation\nCCO,0,>5,µM,\n"


@example(CONTRADICTING, PanelSchema(min_rows=1))
@example("smiles,assay,value_nM,relation,pvalue\nCCO,0,=,,0\n", PanelSchema(to_p=False, min_rows=1))
@example(
    "smiles,assay,relation,pvalue,value_nM\nCCO,0,,>5,=\n", PanelSchema(to_p=False, min_rows=1)
)
@example(
    "smiles,assay,relation,pvalue,value_nM\nCCO,0,,7.25,>=\n", PanelSchema(to_p=False, min_rows=1)
)
@example(LOOKS_LIKE_UNITS, PanelSchema(to_p=False, min_rows=1))
@example(EMPTY_WITHOUT_A_NAME, PanelSchema(to_p=False, min_rows=1))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), SCHEMAS)
def test_any_table(text: str, schema: PanelSchema) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "p.csv"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        for clean in (False, True):
            loaded = load_or_fault(path, schema, clean=clean)
            if isinstance(loaded, str):
                assert loaded.startswith(str(path))
            elif clean:
                round_trip(loaded, Path(name))


def test_measurements_that_all_contradict_each_other_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(CONTRADICTING)
    with pytest.raises(InputError, match="all measurements of a molecule contradict each other"):
        load_panel([path], PanelSchema(min_rows=1), clean=True)


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "p.csv"
        path.write_bytes(b"smiles,a\n" * (len(content) % 2) + content)
        loaded = load_or_fault(path, None)
        assert loaded.startswith(str(path)) if isinstance(loaded, str) else len(loaded.panel)


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(
        "smiles,assay,value\nCCO,A,>5\nOCC,A,junk\nxx,A,7\n,A,1\nCCN,A,2\nC,A,3\nCC,A,4\nCCC,A,6\n"
    )
    loaded = load_panel([path], clean=True)
    assert loaded.panel.structures == ["CCO", "CCN", "C", "CC", "CCC"]
    assert loaded.log.counts() == {
        Outcome.UNREADABLE: 1,
        Outcome.NO_STRUCTURE: 1,
        Outcome.INVALID_STRUCTURE: 1,
    }
    assert loaded.n_rows - loaded.log.touched() == len(loaded.panel)
    round_trip(loaded, tmp_path)
