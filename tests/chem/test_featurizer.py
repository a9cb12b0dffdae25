"""Rows never shift; settings and probe tell whether features can be made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from rdkit import Chem
from rdkit.rdBase import BlockLogs, LogStatus

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import (
    Fingerprint,
    MorganFingerprint,
    TorsionFingerprint,
    fingerprint_from,
    fingerprints,
)
from bioassay_mtl.chem.molecule import parse_smiles
from bioassay_mtl.chem.probe import PROBE_SMILES
from bioassay_mtl.chem.sight import sight_of
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError, ModelFolderError
from tests.chem.test_fingerprints import NEEDED


@pytest.fixture
def featurizer() -> Featurizer:
    return Featurizer(
        {"bits": MorganFingerprint(), "counts": TorsionFingerprint(counts=True)}, max_atoms=100
    )


def test_rows_never_shift(featurizer: Featurizer, nci_smiles: list[str]) -> None:
    bad = {
        "": Status.EMPTY,
        "c1ccccc": Status.INVALID_SMILES,
        "C" * 101: Status.TOO_LARGE,
        "C" * 100_000: Status.TOO_LARGE,
    }
    good = [s for s in nci_smiles[:200] if featurizer([s]).ok[0]]
    mixed = [text for smiles in good for text in (smiles, *bad)]
    features = featurizer(mixed)
    assert len(features) == len(mixed)
    assert features.status.reshape(len(good), 5).tolist() == [
        [0, *(status.code for status in bad.values())]
    ] * len(good)
    alone = featurizer(good)
    for name, block in features.blocks.items():
        np.testing.assert_array_equal(block.dense()[features.ok], alone.blocks[name].dense())
        assert not block.dense()[~features.ok].any()


STEREO = ["N[C@@H](C)C(=O)O", "F/C=C\\F", "CC=[C@]=CC", "C[S@](=O)N", "F[Po@SP1](Cl)(Br)I"]
HYDROGENS = [
    "[H]/N=C/C",
    "[H]OC",
    "[2H]/C=C/C",
    "[H][H]",
    "[H+]",
    "[HH]",
    "[D]C",
    "[H]B1([H])[H]B1",
]
UNUSUAL = [
    "C[Hg]",
    "N->[Pt]<-N",
    "[Fe+2]",
    "*C",
    "C(=O)([O-])[Na+]",
    "P(Cl)(Cl)(Cl)(Cl)Cl",
    "O[Cl](=O)=O",
]
REFUSED = ["c1cccc1", "C(C)(C)(C)(C)C", "C1CC", "C1CC1>>C", "[Xx]", "n1cccc1", "C" * 600]


@pytest.mark.parametrize("kind", ["morgan", "torsion", "atom_pair", "rdkit_path"])
def test_without_stereochemistry_features_are_the_same(kind: str, nci_smiles: list[str]) -> None:
    """Where none is read, none is looked for."""
    fingerprint = fingerprint_from({"kind": kind})
    assert fingerprint.is_flat
    texts = [*STEREO, *HYDROGENS, *UNUSUAL, *REFUSED, *nci_smiles[:500]]
    found = Featurizer({"one": fingerprint})(texts)
    with BlockLogs():
        mols = [parse_smiles(text) for text in texts]
    assert found.status.tolist() == [m.code if isinstance(m, Status) else 0 for m in mols]
    wanted = fingerprint.block(m for m in mols if not isinstance(m, Status))
    np.testing.assert_array_equal(found.blocks["one"].dense()[found.ok], wanted.dense())


def test_stereochemistry_is_found_where_an_input_reads_it() -> None:
    told = Featurizer({"flat": MorganFingerprint(), "chiral": MorganFingerprint(chirality=True)})
    blocks = told(["N[C@@H](C)C(=O)O", "N[C@H](C)C(=O)O"]).blocks
    for name, differ in (("flat", False), ("chiral", True)):
        one, other = blocks[name].dense()
        assert (one != other).any() == differ


@pytest.mark.parametrize("kind", sorted(fingerprints))
def test_what_is_flat_does_not_tell_stereoisomers_apart(kind: str) -> None:
    fingerprint = fingerprint_from({"kind": kind} | NEEDED.get(kind, {}))
    if fingerprint.is_flat and fingerprint.is_computed:
        sight = sight_of(Featurizer({"one": fingerprint}))
        assert sight is not None
        assert sight[:2] == (False, False)


def test_no_structures_give_no_rows(featurizer: Featurizer) -> None:
    features = featurizer([])
    assert len(features) == 0
    assert {name: block.dense().shape for name, block in features.blocks.items()} == {
        "bits": (0, 1024),
        "counts": (0, 2048),
    }


def test_problems_known_from_reading_are_kept(featurizer: Featurizer) -> None:
    features = featurizer(["CCO", "CCO"], problems={0: Status.MALFORMED_ROW})
    assert features.status.tolist() == [Status.MALFORMED_ROW.code, 0]
    assert not features.blocks["bits"].dense()[0].any()


def test_mol_blocks_give_the_same_features(featurizer: Featurizer) -> None:
    smiles = ["CC(=O)Oc1ccccc1C(=O)O", "c1ccncc1CCO"]
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(text)) for text in smiles]
    expected, found = featurizer(smiles), featurizer([*blocks, "CCO"], "molblock")
    assert found.status.tolist() == [0, 0, Status.INVALID_MOLBLOCK.code]
    for name, block in expected.blocks.items():
        np.testing.assert_array_equal(found.blocks[name].dense()[:2], block.dense())


SALTS = ("CC(=O)[O-].[Na+]", "C[NH2+]CCc1ccccc1.[Cl-]", "OC1=CCCCC1", "not a molecule", "C" * 101)
PARENTS = ("CC(=O)O", "CNCCc1ccccc1", "OC1=CCCCC1", "not a molecule", "C" * 101)


@pytest.mark.parametrize("tautomer", [False, True])
def test_standardized_molecules_are_read_as_their_parents(
    featurizer: Featurizer, tautomer: bool
) -> None:
    standard = replace(featurizer, standardize="tautomer" if tautomer else True)
    parents = [*PARENTS[:2], "O=C1CCCCC1" if tautomer else PARENTS[2], *PARENTS[3:]]
    expected, found = featurizer(parents), standard(SALTS)
    np.testing.assert_array_equal(found.status, expected.status)
    for name, block in expected.blocks.items():
        np.testing.assert_array_equal(found.blocks[name].dense(), block.dense())
    plain = featurizer(SALTS).blocks["bits"].dense() != expected.blocks["bits"].dense()
    assert plain[:2].any(axis=1).all()


def test_salts_do_not_count_as_too_large(featurizer: Featurizer) -> None:
    small = replace(featurizer, max_atoms=4, standardize=True)
    assert small(["CCCC.Cl", "CCCCC.Cl"]).status.tolist() == [0, Status.TOO_LARGE.code]
    large = replace(featurizer, max_atoms=600, standardize=True)
    parent, salt = large(["C" * 510, "C" * 510 + ".Cl"]).blocks["bits"].dense()
    np.testing.assert_array_equal(parent, salt)


def test_standardized_mol_blocks_too(featurizer: Featurizer) -> None:
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(text)) for text in SALTS[:2]]
    found = replace(featurizer, standardize=True)([*blocks, "no block"], "molblock")
    assert found.status.tolist() == [0, 0, Status.INVALID_MOLBLOCK.code]
    for name, block in featurizer(PARENTS[:2]).blocks.items():
        np.testing.assert_array_equal(found.blocks[name].dense()[:2], block.dense())


class FussyFingerprint(Fingerprint):
    """Fails on iodine."""

    kind: Literal["fussy"] = "fussy"
    n_bits: int = 8

    def encoder(self) -> Callable[[Any], bytes]:
        def encode(mol: Any) -> bytes:
            if any(atom.GetSymbol() == "I" for atom in mol.GetAtoms()):
                raise RuntimeError("iodine")
            return bytes([mol.GetNumAtoms()])

        return encode


def test_a_failing_fingerprint_costs_one_row() -> None:
    featurizer = Featurizer({"morgan": MorganFingerprint(), "fussy": FussyFingerprint()})
    features = featurizer(["CC", "CI", "CCC"])
    assert features.status.tolist() == [0, Status.FEATURIZATION_FAILED.code, 0]
    assert not features.blocks["morgan"].dense()[1].any()
    assert features.blocks["fussy"].dense().sum(axis=1).tolist() == [1, 0, 2]


def test_rdkit_is_quiet_then_as_before(
    featurizer: Featurizer, capfd: pytest.CaptureFixture[str]
) -> None:
    before = LogStatus()
    featurizer(["not a molecule", "c1cccc1", "C(C)(C)(C)(C)C"])
    featurizer(["not a block"], "molblock")
    assert capfd.readouterr().err == ""
    assert LogStatus() == before


def test_settings_survive_a_round_trip(featurizer: Featurizer) -> None:
    assert Featurizer.from_config(featurizer.config()) == featurizer
    standard = replace(featurizer, standardize="tautomer")
    assert Featurizer.from_config(standard.config()) == standard
    assert featurizer.n_features == {"bits": 1024, "counts": 2048}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"fingerprints": {}}, "at least one input"),
        ({"fingerprint": {}}, "did you mean 'fingerprints'"),
        ({"fingerprints": {"a": {"kind": "morgan"}}, "max_atoms": 0}, "max_atoms"),
        ({"fingerprints": {"a": {"n_bits": 8}}}, "needs a 'kind'"),
    ],
)
def test_bad_settings_are_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Featurizer.from_config(config)


def test_probe_depends_on_what_is_computed(featurizer: Featurizer) -> None:
    again = Featurizer.from_config(featurizer.config())
    assert again.probe() == featurizer.probe()
    others = [
        Featurizer({"bits": MorganFingerprint()}),
        Featurizer({"bits": MorganFingerprint(radius=3)}),
        Featurizer({"bits": MorganFingerprint(chirality=True)}),
        Featurizer({"other": MorganFingerprint()}),
    ]
    assert len({other.probe() for other in others} | {featurizer.probe()}) == 5


def test_a_probe_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training by folds saves and loads dozens of models with the same inputs."""
    computed = list[Featurizer]()
    probed = Featurizer._probed

    def watched(self: Featurizer) -> str:
        computed.append(self)
        return probed(self)

    monkeypatch.setattr(Featurizer, "_probed", watched)
    settings = {"fingerprints": {"few": {"kind": "morgan", "n_bits": 77}}}
    probes = [Featurizer.from_config(settings).probe() for _ in range(3)]
    assert len(set(probes)) == len(computed) == 1
    assert Featurizer.from_config({**settings, "max_atoms": 9}).probe() not in probes
    assert len(computed) == 2


def test_probe_molecules_all_parse_and_differ() -> None:
    featurizer = Featurizer({"morgan": MorganFingerprint(chirality=True)})
    features = featurizer(PROBE_SMILES)
    assert features.ok.all()
    block = features.blocks["morgan"]
    assert isinstance(block, PackedBits)
    assert len(np.unique(block.packed, axis=0)) == len(PROBE_SMILES) >= 30


def test_check_probe_names_both_versions(featurizer: Featurizer) -> None:
    featurizer.check_probe(featurizer.probe())
    with pytest.raises(ModelFolderError) as error:
        featurizer.check_probe("0" * 64, {"rdkit": "2019.03.1"})
    assert "pip install rdkit==2019.03.1" in str(error.value)
    assert featurizer.versions()["rdkit"] in str(error.value)
    with pytest.raises(ModelFolderError, match="unknown version"):
        featurizer.check_probe("0" * 64)
