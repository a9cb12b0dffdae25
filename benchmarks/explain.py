"""Whether explanations find the atoms of a rule, how much steps miss, and how long they take.

Labels are made by a substructure (a carboxylic acid, a sulfonamide or sulfone, an aromatic nitro
group), small models of each kind are trained on real molecules (RDKit's NCI file) to know it, and
atoms of molecules that they have not seen are ranked by their shares: the area under the ROC curve
of the rule's atoms among all, in the mean of 40 molecules. Seconds are of the shipped models.

    python -m benchmarks.explain [--quick]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.study import begin, report
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train

CASES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())


def run(asked: argparse.Namespace) -> None:
    """Print them for each kind and rule, then for the shipped models."""
    rules = dict(list(CASES["rules"].items())[: 1 if asked.quick else None])
    kinds = dict(list(CASES["kinds"].items())[: 4 if asked.quick else None])
    for rule, smarts in rules.items():
        known, labels, new = molecules(smarts)
        for name, settings in kinds.items():
            panel = Panel.from_arrays(known, labels, ["rule"])
            given = {**settings, "split": {"fractions": (1.0, 0.0, 0.0)}, "domain": "none"}
            model = train(panel, given)
            start = time.process_time()
            found = model.explain(new, "rule")
            seconds = (time.process_time() - start) / len(new)
            missed = max(
                abs(each.atoms.sum() + each.whole - each.value + each.reference)
                for each in found
                if each is not None
            )
            report(f"{name}, {rule}", "atom_roc_auc", area(new, found, smarts), "1", "> 0.9")
            report(f"{name}, {rule}", "completeness", missed, "log-odds", "<= 1e-4")
            report(f"{name}, {rule}", "processor", seconds, "s/molecule", "< 1")
    for name in ("pcba128", "pcba128-mix")[: 1 if asked.quick else None]:
        shipped = Model.load(name)
        start = time.process_time()
        shipped.explain(new[:20], shipped.tasks[0])
        seconds = (time.process_time() - start) / 20
        report(name, "processor", seconds, "s/molecule", "< 1")


def molecules(smarts: str) -> tuple[list[str], list[list[int]], list[str]]:
    """Molecules to learn a rule from, their labels, and others that it holds for."""
    from rdkit import Chem

    pattern, held, rest = Chem.MolFromSmarts(smarts), list[str](), list[str]()
    for smiles in dict.fromkeys(nci_smiles()):
        mol = Chem.MolFromSmiles(smiles)
        if mol.GetNumAtoms() > 6:
            (held if mol.HasSubstructMatch(pattern) else rest).append(smiles)
    n = min(300, len(held) - 40)
    known = [*held[:n], *rest[: 2 * n]]
    return known, [[int(row < n)] for row in range(len(known))], held[n : n + 40]


def area(smiles: list[str], found: Any, smarts: str) -> float:
    """Mean over molecules of the area of the rule's atoms, of those that are not all of them."""
    from rdkit import Chem
    from sklearn.metrics import roc_auc_score

    pattern, areas = Chem.MolFromSmarts(smarts), []
    for text, each in zip(smiles, found, strict=True):
        mol = Chem.MolFromSmiles(text)
        is_part = np.zeros(mol.GetNumAtoms())
        is_part[[atom for match in mol.GetSubstructMatches(pattern) for atom in match]] = 1
        if not is_part.all():
            areas.append(roc_auc_score(is_part, each.atoms))
    return float(np.mean(areas))


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "one rule, the quick kinds"))
