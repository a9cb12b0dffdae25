"""Give the shipped models what stands beside their weights, which stay as they are, to the byte.

``python -m benchmarks.pcba128.amend [domain|molecules|sheets ...] [--data FOLDER]``: the domain of
their training molecules (``domain.safetensors``), the identities of these, with the cards anew, and
the assay sheets. Both ``pcba128`` and ``pcba128-mix`` were fitted on all rows of the PCBA sample
that have a SMILES. Names, targets and what they are known from come from ``pcba/assay_names.csv``
and ``pcba/assay_annotations.csv``; what these do not know stays empty.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.harness.datasets import find_data
from benchmarks.harness.study import ended, parser
from benchmarks.pcba128 import card as pcba128_card
from benchmarks.pcba128_mix import card as mix_card
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.datasets.pubchem import aid_of, page_of
from bioassay_mtl.domain import Domain
from bioassay_mtl.files import sha256, write_whole
from bioassay_mtl.models import assay_sheet, domain
from bioassay_mtl.models.folder import _digest, amend_folder
from bioassay_mtl.models.folder_checks import CARD, CONFIG, METRICS, WEIGHTS
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.models.training_molecules import MOLECULES, training_record, write_molecules

CARDS: dict[str, Callable[[Model], str]] = {
    "pcba128": pcba128_card.card,
    "pcba128-mix": mix_card.card,
}
DO = {
    "inhibitor": "inhibits the target",
    "activator": "activates the target",
    "agonist": "is an agonist of the target",
    "antagonist": "is an antagonist of the target",
    "cytotoxic": "is toxic to the cells",
}
"""What an active does, where the table says it in a word; others are kept as they are."""


def give_domain(data: Path) -> None:
    """Fingerprints, SMILES and labels of the rows that both models were fitted on."""
    panel = read_pcba(data)
    panel = panel.take(np.flatnonzero(panel.has_structure))
    prints = (panel.features or {})["morgan"]
    assert isinstance(prints, PackedBits)
    known = Domain(prints.packed, panel.cells, panel.structures or [])
    for name in CARDS:
        folder = find_model(name)
        amend_folder(folder, {domain.NAME: known})
        held = (folder / domain.DomainFile.files[0]).stat().st_size
        report(f"{name} model folder", "domain", held / len(known), "bytes/molecule", "<= 128")


def give_molecules(data: Path) -> None:
    """Identities of the rows that both models were fitted on, and cards that count them."""
    known = TrainingMolecules.of([t for t in read_pcba(data).structures or [] if t.strip()])
    for name, card in CARDS.items():
        folder = find_model(name)
        model = Model.load(folder)
        model.training_molecules = known
        write_molecules(model, folder)
        write_whole(folder / CARD, card(model))
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8")) | training_record(model)
        names = {WEIGHTS, METRICS, CARD, MOLECULES, *config["sha256"]} - {CONFIG}
        config["sha256"] = {name: sha256(folder / name) for name in sorted(names)}
        config["sha256"][CONFIG] = _digest(config)
        write_whole(folder / CONFIG, json.dumps(config, indent=1) + "\n")
        report(f"{name} model folder", "training_molecules", float(len(known)), "molecules")


def give_sheets(data: Path) -> None:
    """What each assay is, with the counts and figures of the models."""
    known = dict(described(data))
    for name in CARDS:
        folder = find_model(name)
        model = Model.load(folder)
        sheet = sheet_of(model, model.metrics, known)
        amend_folder(folder, {assay_sheet.NAME: sheet})
        for fact in ("name", "target", "gene", "uniprot", "organism", "readout", "active"):
            count = sum(bool(getattr(assay, fact)) for assay in sheet.assays)
            report(f"{name} sheet", f"assays_with_{fact}", float(count), "assays")
        for grade in ("usable", "weak", "do not use"):
            count = sum(assay.grade == grade for assay in sheet.assays)
            report(f"{name} sheet", f"assays_{grade.replace(' ', '_')}", float(count), "assays")


def described(folder: Path) -> Iterator[tuple[str, assay_sheet.Described]]:
    """What the two tables say of each assay."""
    names, classes = (rows(folder / f"assay_{what}.csv") for what in ("names", "annotations"))
    for task in dict.fromkeys([*names, *classes]):
        row, more = names.get(task, {}), classes.get(task, {})
        effect, aid = row.get("effect", ""), aid_of(task)
        confidence = row.get("confidence", "")
        sources = [
            row.get("source", ""),
            f"confidence: {confidence}" if confidence else "",
            "classes: MolData (CC0)" if any(more.values()) else "",
        ]
        yield (
            task,
            assay_sheet.Described(
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


GIVERS = {"domain": give_domain, "molecules": give_molecules, "sheets": give_sheets}


def run(asked: argparse.Namespace) -> None:
    """Each that is asked for, and the size of the folders."""
    for what in asked.what or GIVERS:
        GIVERS[what](find_data(asked.data) / "pcba")
    for name in CARDS:
        size = sum(path.stat().st_size for path in find_model(name).iterdir())
        report(f"{name} model folder", "size", size / 2**20, "MiB", "<= 28")


def main() -> int:
    """Read the command line."""
    options = parser(__doc__)
    options.add_argument("what", nargs="*", choices=[*GIVERS, []], help="default: all")
    return ended(partial(run, options.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
