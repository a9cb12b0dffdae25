"""Give the shipped models their assay sheets.

``python -m benchmarks.pcba128.sheets [--data FOLDER]``: names, targets and what they are known from
come from ``pcba/assay_names.csv`` and ``pcba/assay_annotations.csv``; what these do not know stays
empty. Counts and figures are those of the models. Weights stay as they are, to the byte.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError, find_data
from bioassay_mtl.datasets.pubchem import aid_of, page_of
from bioassay_mtl.models.assay_sheet import NAME, Described
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.models.shipped import find_model

MODELS = ("pcba128", "pcba128-mix")
DO = {
    "inhibitor": "inhibits the target",
    "activator": "activates the target",
    "agonist": "is an agonist of the target",
    "antagonist": "is an antagonist of the target",
    "cytotoxic": "is toxic to the cells",
}
"""What an active does, where the table says it in a word; others are kept as they are."""


def main() -> int:
    """Write the sheets of both models."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with pcba/")
    arguments = parser.parse_args()
    try:
        data = find_data(arguments.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    known = dict(described(data / "pcba"))
    for name in MODELS:
        folder = find_model(name)
        model = Model.load(folder)
        sheet = sheet_of(model, model.metrics, known)
        amend_folder(folder, {NAME: sheet})
        for fact in ("name", "target", "gene", "uniprot", "organism", "readout", "active"):
            count = sum(bool(getattr(assay, fact)) for assay in sheet.assays)
            report(f"{name} sheet", f"assays_with_{fact}", float(count), "assays")
        for grade in ("usable", "weak", "do not use"):
            count = sum(assay.grade == grade for assay in sheet.assays)
            report(f"{name} sheet", f"assays_{grade.replace(' ', '_')}", float(count), "assays")
        size = sum(path.stat().st_size for path in folder.iterdir())
        report(f"{name} model folder", "size", size / 2**20, "MiB", "<= 20")
    return 0


def described(folder: Path) -> Iterator[tuple[str, Described]]:
    """What the two tables say of each assay."""
    names, classes = (rows(folder / f"assay_{what}.csv") for what in ("names", "annotations"))
    for task in dict.fromkeys([*names, *classes]):
        row, more = names.get(task, {}), classes.get(task, {})
        effect = row.get("effect", "")
        sources = [row.get("source", ""), "classes: MolData (CC0)" if any(more.values()) else ""]
        if confidence := row.get("confidence", ""):
            sources.insert(1, f"confidence: {confidence}")
        aid = aid_of(task)
        yield (
            task,
            Described(
                name=row.get("name", ""),
                target=row.get("target", ""),
                gene=row.get("gene_symbol", ""),
                uniprot=row.get("uniprot", ""),
                organism=row.get("organism", ""),
                target_class=more.get("target_class", ""),
                disease_area=more.get("disease_area", ""),
                readout=row.get("format", ""),
                active=DO.get(effect, effect),
                link="" if aid is None else page_of(aid),
                source="; ".join(filter(None, sources)),
            ),
        )


def rows(path: Path) -> dict[str, dict[str, str]]:
    """A table of the shared data by task; nothing where it is not there."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["task"]: row for row in csv.DictReader(stream)}


if __name__ == "__main__":
    sys.exit(main())
