"""Atom maps and isotopes make no other molecule: nothing that groups molecules looks at them."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from bioassay_mtl.panels.duplicates import group_by_structure
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.splits import SplitConfig, folds, split
from bioassay_mtl.splits.cluster import clusters
from bioassay_mtl.splits.scaffold import murcko_scaffolds

ALANINE = "C[C@@H](C(=O)O)N"
LABELED = [
    (ALANINE, "[CH3:1][C@@H:2]([C:3](=[O:4])[OH:5])[NH2:6]"),
    (ALANINE, "[13CH3][C@@H](C(=O)O)[15NH2]"),
    (ALANINE, "C[C@@]([2H])(C(=O)O)N"),
    ("CC(O)C", "[13CH3][C@H](O)C"),  # a stereo center by its isotope alone
    ("CC", "[2H]C([2H])([2H])C"),
    ("c1ccccc1CCO", "[14cH]1ccccc1CCO"),
]


@pytest.mark.parametrize(("plain", "labeled"), LABELED)
def test_labeled_duplicate_is_the_same_molecule(plain: str, labeled: str) -> None:
    assert group_by_structure([plain, "CCN", labeled]).tolist() == [0, 1, 0]


def test_stereochemistry_and_salts_count_as_before() -> None:
    smiles = [ALANINE, "C[C@H](C(=O)O)N", "CC(C(=O)O)N", ALANINE + ".Cl", "C[C@@H](C(=O)[O-])N"]
    assert group_by_structure(smiles).tolist() == [0, 1, 2, 3, 4]


def labeled(smiles: str, random: Random) -> str:
    """The molecule with some atoms mapped and some of an isotope, in another order of its atoms."""
    mol = Chem.MolFromSmiles(smiles)
    for atom in mol.GetAtoms():
        if random.random() < 0.3:
            atom.SetAtomMapNum(random.randint(1, 99))
        if random.random() < 0.3:
            atom.SetIsotope(random.randint(1, 15))
    order = list(range(mol.GetNumAtoms()))
    random.shuffle(order)
    text: str = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    return text


@pytest.mark.soak
def test_random_labels_change_no_group(nci_smiles: list[str]) -> None:
    @given(seed=st.integers(0, 10**6))
    def check(seed: int) -> None:
        random = Random(seed)
        with BlockLogs():
            plain = [s for s in random.sample(nci_smiles, 20) if Chem.MolFromSmiles(s)]
            copies = [labeled(smiles, random) for smiles in plain]
        n = len(plain)
        panel = Panel.from_arrays([*plain, *copies], np.arange(2 * n) % 2, ["a"])
        found = clusters(panel, SplitConfig(kind="cluster"))
        for each in (panel.groups(), murcko_scaffolds(panel), found):
            assert (each[:n] == each[n:]).all()

    check()


@pytest.mark.parametrize(
    "kind",
    ["random", "stratified", "scaffold", "scaffold_balanced", "stratified_scaffold", "cluster"],
)
def test_labeled_duplicates_are_never_in_two_parts(kind: str, nci_smiles: list[str]) -> None:
    with BlockLogs():
        plain = [s for s in nci_smiles[:60] if Chem.MolFromSmiles(s)]
        copies = [labeled(smiles, Random(1)) for smiles in plain]
    n = len(plain)
    panel = Panel.from_arrays([*plain, *copies], np.arange(2 * n) % 2, ["a"])
    config = SplitConfig(kind=kind)
    for parts in [split(panel, config), *folds(panel, config, 3, 1)]:
        part = np.full(2 * n, -1)
        for number, rows in enumerate((parts.train, parts.valid, parts.test)):
            part[rows] = number
        assert (part[:n] == part[n:]).all()


def test_labeled_duplicate_leaves_a_published_split() -> None:
    panel = Panel.from_arrays(["CCO", "CCN", "CCC", "[13CH3]CO"], [0, 1, 0, 1], ["a"])
    panel.columns["part"] = ["train", "train", "valid", "test"]
    parts = split(panel, SplitConfig(kind="column", column="part"))
    assert parts.train.tolist() == [1]
    assert parts.test.tolist() == [3]


def test_scaffolds_of_labeled_molecules_are_plain() -> None:
    smiles = ["c1ccccc1CC", "[13cH]1ccccc1CCO", "[cH:1]1ccccc1CN", "C1CCCCC1C"]
    panel = Panel.from_arrays(smiles, [0, 1, 0, 1], ["a"])
    assert murcko_scaffolds(panel).tolist() == [0, 0, 0, 1]


def test_replicates_of_a_labeled_molecule_are_merged(tmp_path: Path) -> None:
    table = tmp_path / "panel.csv"
    table.write_text("smiles,a\nCCO,1.5\nCCN,5.5\n[13CH3]CO,3.5\nCCC,6.5\n")
    panel = Panel.read(table, schema=PanelSchema.of({"merge": True}))
    assert panel.structures == ["CCO", "CCN", "CCC"]
    assert panel.labels[:, 0].tolist() == [2.5, 5.5, 6.5]
