"""The sheets of the shipped models say what the tables of facts say, and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bioassay_mtl.metrics.grading import RULE
from bioassay_mtl.models.folder import read_config
from bioassay_mtl.models.sheet_reading import sheet_in
from bioassay_mtl.models.shipped import find_model, names

COLUMNS = {"name": "name", "target": "target", "gene": "gene_symbol", "uniprot": "uniprot"} | {
    "organism": "organism",
    "readout": "format",
}


@pytest.mark.parametrize("name", names())
def test_every_assay_has_counts_figures_and_a_page(name: str) -> None:
    sheet = sheet_in(name)
    assert [assay.id for assay in sheet.assays] == read_config(find_model(name))["tasks"]
    assert sheet.rule == RULE
    for assay in sheet.assays:
        assert assay.counts["active"] > 0
        assert assay.link == f"https://pubchem.ncbi.nlm.nih.gov/bioassay/{assay.id[5:]}"
        assert assay.held_out is not None
        assert (assay.grade is None) == bool(assay.why) == (not assay.held_out.scores)
        for figure in assay.held_out.scores.values():
            assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize("name", names())
def test_facts_are_those_of_the_tables(name: str, shared_data: Path) -> None:
    with (shared_data / "pcba" / "assay_names.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["task"]: row for row in csv.DictReader(stream)}
    for assay in sheet_in(name).assays:
        for field, column in COLUMNS.items():
            assert getattr(assay, field) == rows[assay.id][column]
        assert bool(assay.active) == bool(rows[assay.id]["effect"])
