"""Graphs through the featurizer: beside fingerprints, in workers, in settings and probe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.chem import parallel
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint, fingerprint_from
from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph, kind
from bioassay_mtl.chem.molecule import PARSERS
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError


@pytest.fixture
def featurizer() -> Featurizer:
    return Featurizer(
        {
            "morgan": MorganFingerprint(),
            "ogb": MolecularGraph(),
            "chemprop": MolecularGraph(codes="chemprop", random_walk=4, laplacian=3),
        },
        max_atoms=400,
    )


def assert_same(found: GraphBlock, expected: GraphBlock) -> None:
    assert [*found.stable_bytes()] == [*expected.stable_bytes()]
    np.testing.assert_allclose(found.reals, expected.reals, atol=1e-5)


def test_rows_never_shift(featurizer: Featurizer) -> None:
    good = ["CCO", "[Na+].[Cl-]", "C", "[H][H]", "C" * 300, "c1ccccc1*"]
    bad = ["", "c1ccc", "C" * 401]
    mixed = [text for smiles in good for text in (*bad, smiles)]
    features = featurizer(mixed)
    assert features.ok.tolist() == [False, False, False, True] * len(good)
    alone = featurizer(good)
    for name in ("ogb", "chemprop"):
        block = features.blocks[name]
        assert len(block) == len(mixed)
        assert not np.diff(block.atom_offsets)[~features.ok].any()
        assert_same(features.take(features.ok).blocks[name], alone.blocks[name])


def test_hydrogens_and_salts_stay_as_they_are_written(featurizer: Featurizer) -> None:
    block = featurizer(["CO", "[2H]OC", "[H][H]", "[Na+].[O-]C"]).blocks["ogb"]
    assert np.diff(block.atom_offsets).tolist() == [2, 3, 2, 3]
    assert np.diff(block.bond_offsets).tolist() == [1, 2, 1, 1]


def test_order_of_atoms_is_that_of_the_smiles(featurizer: Featurizer) -> None:
    block = featurizer(["OCN", "NCO"]).blocks["ogb"]
    assert (block.atoms[:, 0] + 1).tolist() == [8, 6, 7, 7, 6, 8]


@pytest.mark.parametrize(
    "smiles",
    [
        "C[C@H](N)C(=O)N[C@@H](Cc1ccccc1)C(=O)O",
        "Cc1onc(-c2ccccc2)c1C(=O)N[C@H]1[C@H]2SC(C)(C)[C@@H](N2C1=O)C(O)=O",
        "C[S@](=O)c1ccccc1.[2H][C@@](C)(O)F",
        "C" * 260 + "[C@H](F)Cl",  # read atom by atom
    ],
)
def test_stereo_centers_do_not_depend_on_the_writing(smiles: str, featurizer: Featurizer) -> None:
    mol = Chem.MolFromSmiles(smiles)
    order = np.random.default_rng(0)
    rows = [np.arange(mol.GetNumAtoms())]
    rows += [order.permutation(mol.GetNumAtoms()) for _ in range(20)]
    written = [Chem.RenumberAtoms(mol, row.tolist()) for row in rows]
    texts = [Chem.MolToSmiles(each, canonical=False) for each in written]
    tags = [[int(a.GetChiralTag()) for a in Chem.MolFromSmiles(t).GetAtoms()] for t in texts]
    assert len({sum(t) for t in tags}) > 1 or len({*map(tuple, tags)}) > 1
    codes = [featurizer([text]).blocks["ogb"].atoms for text in [*texts, Chem.MolToSmiles(mol)]]
    assert len({tuple(sorted(map(tuple, each.tolist()))) for each in codes}) == 1


def test_stereo_centers_of_canonical_smiles_have_their_own_tags(featurizer: Featurizer) -> None:
    smiles = Chem.MolToSmiles(Chem.MolFromSmiles("N[C@H](C)C(=O)N[C@@H](Cc1ccccc1)C(=O)O.C"))
    tags = [int(atom.GetChiralTag()) for atom in Chem.MolFromSmiles(smiles).GetAtoms()]
    assert sum(tags) > 0
    assert featurizer(["C", smiles]).blocks["ogb"].atoms[1:, 1].tolist() == tags


def test_mol_blocks_give_the_same_graphs(featurizer: Featurizer) -> None:
    smiles = ["CC(=O)Oc1ccccc1C(=O)O", "C/C=C/C[NH3+]"]
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(text)) for text in smiles]
    expected, found = featurizer(smiles), featurizer(blocks, "molblock")
    assert found.ok.all()
    for field in ("atoms", "ends", "bonds", "atom_offsets", "bond_offsets"):
        ours = [getattr(features.blocks["ogb"], field) for features in (found, expected)]
        np.testing.assert_array_equal(*ours)


def test_each_molecule_is_parsed_once(
    featurizer: Featurizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []
    parse = PARSERS["smiles"]

    def counted(text: object, max_atoms: int) -> Any:
        parsed.append(text)
        return parse(text, max_atoms)

    monkeypatch.setitem(PARSERS, "smiles", counted)
    featurizer(["CCO", "CCN", "C"])
    assert parsed == ["CCO", "CCN", "C"]


def test_workers_return_graphs(
    featurizer: Featurizer, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "BATCH_SIZE", 40)
    smiles = [*nci_smiles[:100], "not a molecule", *nci_smiles[100:130]]
    expected, found = featurizer(smiles), featurize(smiles, featurizer, workers=2)
    np.testing.assert_array_equal(found.status, expected.status)
    for name in ("ogb", "chemprop"):
        np.testing.assert_array_equal(
            found.blocks[name].atom_offsets, expected.blocks[name].atom_offsets
        )
        assert_same(found.blocks[name], expected.blocks[name])


def test_a_molecule_beyond_the_indices_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "MAX_ATOMS", 99)
    features = Featurizer({"graph": MolecularGraph()})(["C" * 100, "CC"])
    assert features.status.tolist() == [Status.FEATURIZATION_FAILED.code, 0]
    assert features.blocks["graph"].atom_offsets.tolist() == [0, 0, 2]


def test_settings_survive_a_round_trip(featurizer: Featurizer) -> None:
    assert Featurizer.from_config(featurizer.config()) == featurizer
    assert featurizer.n_features == {"morgan": 1024, "ogb": 174, "chemprop": 79}
    for name, representation in featurizer.fingerprints.items():
        block = featurizer(["CCO"]).blocks[name]
        assert representation.n_features == block.n_features
        assert representation.holds(block)
    assert not MolecularGraph().holds(featurizer(["C"]).blocks["chemprop"])
    assert not MolecularGraph().holds(featurizer(["C"]).blocks["morgan"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"codes": "obg"}, "did you mean 'ogb'"),
        ({"code": "ogb"}, "did you mean 'codes'"),
        ({"random_walk": -1}, "random_walk"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fingerprint_from({"kind": "graph", **settings})


def test_probe_depends_on_the_graphs() -> None:
    def probe(**settings: Any) -> str:
        return Featurizer({"graph": MolecularGraph(**settings)}).probe()

    assert probe() == probe()
    assert len({probe(), probe(codes="chemprop"), probe(random_walk=2)}) == 3
