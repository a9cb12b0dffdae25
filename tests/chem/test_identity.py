"""Training molecules are found however they are written, and nothing else is."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem import identity
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.identity import Seen, TrainingMolecules, identities, plain_smiles, probe
from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.chem.status import Status

ALANINE = "C[C@@H](C(=O)O)N"


@pytest.mark.parametrize(
    "other",
    [
        "C[C@H](N)C(O)=O",
        "CC(N)C(=O)O",
        "C[C@@H](C(=O)[O-])[NH3+]",
        "OC(=O)C(N)C.Cl",
        "[Na+].C[C@@H](C(=O)[O-])N",
        "[13CH3][C@@H](C(=O)O)N",
        "[CH3:1][C@@H:2](C(=O)O)N",
        "C[C@@]([2H])(C(=O)O)N",
        "  CC(N)C(=O)O alanine",
    ],
)
def test_other_forms_of_a_molecule_are_found(other: str) -> None:
    for training, asked in ((ALANINE, other), (other, ALANINE)):
        held = TrainingMolecules.of([training, "CCO"])
        assert held.hold([asked, "CCN", "CC(N)C(=O)OC"]).tolist() == [True, False, False]


@pytest.mark.parametrize("other", ["CC(N)C(=O)OC", "CC(N)C=O", "C=C(N)C(=O)O", "NCCC(=O)O"])
def test_relatives_are_others(other: str) -> None:
    assert not TrainingMolecules.of([ALANINE]).hold([other]).any()


def test_texts_that_cannot_be_read_are_never_found() -> None:
    held = TrainingMolecules.of(["CCO", "", "not a molecule", "C(C)(C)(C)(C)C"])
    assert (len(held), held.unidentified) == (1, 3)
    texts = ["", " ", "not a molecule", "CCO", None, float("nan"), "C\u00e9", "CC(("]
    assert held.hold(texts).tolist() == [text == "CCO" for text in texts]  # type: ignore[arg-type]


def test_no_molecules() -> None:
    assert not TrainingMolecules.of([]).hold(["CCO", "C"]).any()
    assert TrainingMolecules.of(["CCO"]).hold([]).shape == (0,)


def test_tautomers_are_one_molecule_where_a_model_says_so() -> None:
    keto, enol = "CC(=O)CC(C)=O", "CC(=O)C=C(C)O"
    assert not TrainingMolecules.of([keto]).hold([enol]).any()
    assert TrainingMolecules.of([keto], tautomer=True).hold([enol]).all()


def test_metals_and_rare_notation() -> None:
    smiles = ["CC(=O)O[Hg]c1ccccc1", "CCCC[Sn](Br)(CCCC)CCCC", "C1CC%(100)CC1%(100)", "[Na+].[Cl-]"]
    assert TrainingMolecules.of(smiles).hold(smiles).all()


def test_what_is_found_is_what_has_an_equal_identity(nci_smiles: list[str]) -> None:
    known, asked = nci_smiles[0:1600:2], nci_smiles[:1600]
    held = TrainingMolecules.of(known)
    ids, places = identities(asked)
    expected = np.zeros(len(asked), bool)
    expected[places] = np.isin(ids, identities(known)[0])
    np.testing.assert_array_equal(held.hold(asked), expected)
    assert expected[::2].mean() > 0.98
    assert expected[1::2].mean() < 0.1  # real lists repeat themselves


@pytest.mark.soak
def test_any_form_of_a_training_molecule_is_found(nci_smiles: list[str]) -> None:
    @given(seed=st.integers(0, 10**6))
    def check(seed: int) -> None:
        random = Random(seed)
        known = [text for text in random.sample(nci_smiles, 10) if is_organic(text)]
        asked = [written_otherwise(text, random) for text in known]
        assert TrainingMolecules.of(known).hold(asked).all(), asked

    check()


def is_organic(smiles: str) -> bool:
    """Of more carbon atoms than a counter-ion has, and no metal that standardizing cuts out."""
    with BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    numbers = [] if mol is None else [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    return numbers.count(6) > 5 and set(numbers) <= {6, 7, 8, 9, 15, 16, 17, 35, 53}


def written_otherwise(smiles: str, random: Random) -> str:
    """With other stereochemistry, atom maps, order of atoms, and a counter-ion."""
    mol = Chem.MolFromSmiles(smiles)
    if random.random() < 0.5:
        Chem.RemoveStereochemistry(mol)
    for atom in mol.GetAtoms():
        if random.random() < 0.2:
            atom.SetAtomMapNum(random.randint(1, 99))
    order = random.sample(range(mol.GetNumAtoms()), mol.GetNumAtoms())
    text: str = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    return text + random.choice(["", ".Cl", ".O", ".[Br-]"])


def test_it_goes_to_workers_whole() -> None:
    held = TrainingMolecules.of(["CCO", "CCN", ""])
    again = pickle.loads(pickle.dumps(held))
    assert again.identities.dtype == np.uint64
    assert again.unidentified == 1
    assert again.hold(["OCC", "CCC"]).tolist() == [True, False]


def test_plain_smiles_and_the_probe() -> None:
    assert plain_smiles("C[C@@]([2H])([13C](=O)O)N") == "CC(N)C(=O)O"
    assert plain_smiles("CC((") is None
    assert probe() == probe()


SALTS = ["CCO", "CC(=O)[O-].[Na+]", "C[C@@H](C(=O)[O-])[NH3+]", "CC(N)C(=O)OC", "not a molecule"]


@pytest.mark.parametrize("standardize", [False, True])
def test_featurizers_mark_training_molecules(standardize: bool) -> None:
    training = TrainingMolecules.of(["CC(N)C(O)=O", "OC(C)=O"])
    featurizer = Featurizer(
        {"morgan": MorganFingerprint()}, standardize=standardize, training=training
    )
    expected = [False, True, True, False, False]
    features = featurizer(SALTS)
    assert features.in_training is not None
    assert features.in_training.tolist() == expected
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(text)) for text in SALTS[:4]]
    of_blocks = featurizer([*blocks, ""], "molblock").in_training
    assert of_blocks is not None
    assert of_blocks.tolist() == expected
    known = featurizer(SALTS, problems={1: Status.MALFORMED_ROW}).in_training
    assert known is not None
    assert known.tolist() == [False, False, True, False, False]
    assert Featurizer({"morgan": MorganFingerprint()})(SALTS).in_training is None


def test_workers_mark_training_molecules(nci_smiles: list[str]) -> None:
    training = TrainingMolecules.of(nci_smiles[100:200])
    featurizer = Featurizer({"morgan": MorganFingerprint()}, training=training)
    features = featurize(nci_smiles[:2500], featurizer, workers=2)
    expected = training.hold(nci_smiles[:2500]) & features.ok
    assert features.in_training is not None
    np.testing.assert_array_equal(features.in_training, expected)
    assert expected[100:200].sum() > 90
    taken = features.take(np.array([150, 0])).in_training
    assert taken is not None
    assert taken.tolist() == [True, False]


@pytest.mark.parametrize("notation", ["smiles", "molblock"])
def test_few_molecules_are_looked_at_closely(
    notation: Notation, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standardizing takes longer than a fingerprint: only what has a known skeleton may be."""
    standardized: list[str] = []
    parent = identity._parent

    def counted(plain: str, tautomer: bool) -> str:
        standardized.append(plain)
        return parent(plain, tautomer)

    training = TrainingMolecules.of(nci_smiles[:50])
    assert len(training) > 40
    monkeypatch.setattr(identity, "_parent", counted)
    featurizer = Featurizer({"morgan": MorganFingerprint()}, training=training)
    with BlockLogs():
        mols = [mol for text in nci_smiles[:500] if (mol := Chem.MolFromSmiles(text))]
    write = Chem.MolToSmiles if notation == "smiles" else Chem.MolToMolBlock
    found = featurizer([write(mol) for mol in mols], notation).in_training
    assert found is not None
    assert found[:45].all()
    assert len(standardized) < 25


def test_only_what_can_be_a_molecule_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    look = TrainingMolecules.look

    def noted(self: TrainingMolecules, smiles: Sequence[str]) -> Seen:
        looked.extend(smiles)
        return look(self, smiles)

    monkeypatch.setattr(TrainingMolecules, "look", noted)
    featurizer = Featurizer(
        {"bits": MorganFingerprint()}, max_atoms=50, training=TrainingMolecules.of(["CCO"])
    )
    texts = ["OCC", "C" * 1501, "CC", f"C {'name' * 500}"]
    found = featurizer(texts, problems={2: Status.TIMED_OUT})
    assert looked == ["OCC", "", "", texts[3]]
    assert found.in_training is not None
    assert found.in_training.tolist() == [True, False, False, False]
