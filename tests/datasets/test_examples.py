"""The example files are what their README says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen
from rdkit.Chem.Descriptors import MolWt
from rdkit.Chem.rdMolDescriptors import CalcMolFormula, CalcNumHeterocycles, CalcNumRings, CalcTPSA

from bioassay_mtl.panels import Panel
from tests.test_house import ROOT

AMINE = Chem.MolFromSmarts("[NX3;H1,H2;!$(N-C=[O,S,N])]c")
ACID = Chem.MolFromSmarts("[CX3](=O)[OX2H1]")
HALOGEN = Chem.MolFromSmarts("[#6][F,Cl,Br,I]")

RULES: dict[str, Callable[[Any], bool]] = {
    "synthetic-lipophilic": lambda molecule: Crippen.MolLogP(molecule) > 3,
    "synthetic-aromatic-amine": lambda molecule: molecule.HasSubstructMatch(AMINE),
    "synthetic-carboxylic-acid": lambda molecule: molecule.HasSubstructMatch(ACID),
    "synthetic-halogen": lambda molecule: molecule.HasSubstructMatch(HALOGEN),
    "synthetic-polar": lambda molecule: CalcTPSA(molecule) > 90,
    "synthetic-three-rings": lambda molecule: CalcNumRings(molecule) >= 3,
}


def test_the_panel_follows_its_rules() -> None:
    panel = Panel.read(str(ROOT / "datasets" / "example_panel.csv"))
    assert panel.tasks == tuple(RULES)
    assert len(panel) == 200
    assert len(np.unique(panel.groups())) == 200
    row, column = np.indices(panel.labels.shape)
    np.testing.assert_array_equal(panel.mask, (7 * row + 3 * column) % 10 >= 3)
    molecules = [Chem.MolFromSmiles(smiles) for smiles in panel.structures or []]
    expected = np.array([[rule(m) for rule in RULES.values()] for m in molecules])
    np.testing.assert_array_equal(panel.labels, np.where(panel.mask, expected, -1))
    assert panel.n_actives.min() >= 5
    assert panel.n_inactives.min() >= 20


def test_the_mixed_panel_follows_its_rules() -> None:
    panel = Panel.read(str(ROOT / "datasets" / "example_mixed_panel.csv"))
    kinds = [kind.kind for kind in panel.kinds]
    assert kinds == ["censored", "ordinal", "multiclass", "regression", "binary"]
    assert panel.tasks[0] == "pIC50-synthetic"
    row, column = np.indices(panel.labels.shape)
    np.testing.assert_array_equal(panel.mask, (7 * row + 3 * column) % 10 >= 3)
    molecules = [Chem.MolFromSmiles(smiles) for smiles in panel.structures or []]
    logp, rings, surface, weight = (
        np.array([count(molecule) for molecule in molecules])
        for count in (Crippen.MolLogP, CalcNumRings, CalcTPSA, MolWt)
    )
    hetero = np.array([CalcNumHeterocycles(molecule) > 0 for molecule in molecules])
    expected = np.stack(
        [
            np.maximum(4.2 + 0.4 * logp + 0.3 * rings, 5),
            np.where(surface > 90, 0, np.where(surface > 40, 1, 2)),
            np.where(rings == 0, 2, np.where(hetero, 1, 0)),  # by name: carbo, hetero, none
            0.5 - logp - 0.01 * (weight - 100),
            [molecule.HasSubstructMatch(AMINE) for molecule in molecules],
        ],
        axis=1,
    )
    difference = np.abs(panel.labels - expected)[panel.mask]
    assert difference.max() < 0.006  # three digits
    assert panel.bounds is not None
    assert 20 < (panel.bounds[:, 0] == -1).sum() == (panel.bounds != 0).sum()


def test_the_panel_is_of_nci_molecules(nci_smiles: list[str]) -> None:
    panel = Panel.read(str(ROOT / "datasets" / "example_panel.csv"))
    for name, smiles in zip(panel.ids[::20], (panel.structures or [])[::20], strict=True):
        original = Chem.MolFromSmiles(nci_smiles[int(name.removeprefix("NCI-")) - 1])
        assert Chem.MolToSmiles(original) == smiles


@pytest.fixture(scope="module")
def examples() -> dict[str, str]:
    lines = (ROOT / "datasets" / "example_molecules.smi").read_text().splitlines()
    return {name: smiles for smiles, name in (line.split() for line in lines)}


def test_the_molecules_are_valid_and_different(examples: dict[str, str]) -> None:
    molecules = [Chem.MolFromSmiles(smiles) for smiles in examples.values()]
    assert None not in molecules
    assert len({Chem.MolToSmiles(molecule) for molecule in molecules}) == len(examples) >= 40


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("aspirin", "C9H8O4"),
        ("celecoxib", "C17H14F3N3O2S"),
        ("morphine", "C17H19NO3"),
        ("imatinib", "C29H31N7O"),
        ("methotrexate", "C20H22N8O5"),
        ("testosterone", "C19H28O2"),
    ],
)
def test_some_molecules_by_their_formula(examples: dict[str, str], name: str, formula: str) -> None:
    assert CalcMolFormula(Chem.MolFromSmiles(examples[name])) == formula
