"""Every kind equals what RDKit computes molecule by molecule."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator as generators
from rdkit.Chem.rdMolDescriptors import GetMACCSKeysFingerprint
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.chem.fingerprints import fingerprint_from, fingerprints
from bioassay_mtl.errors import ConfigError

CASES: list[tuple[dict[str, Any], Callable[[], Any]]] = [
    ({"kind": "morgan"}, lambda: generators.GetMorganGenerator(radius=2, fpSize=1024)),
    (
        {"kind": "morgan", "radius": 3, "n_bits": 500, "chirality": True},
        lambda: generators.GetMorganGenerator(radius=3, fpSize=500, includeChirality=True),
    ),
    (
        {"kind": "morgan", "invariants": "features", "n_bits": 2048},
        lambda: generators.GetMorganGenerator(
            radius=2,
            fpSize=2048,
            atomInvariantsGenerator=generators.GetMorganFeatureAtomInvGen(),
        ),
    ),
    ({"kind": "rdkit_path"}, lambda: generators.GetRDKitFPGenerator(fpSize=2048)),
    (
        {"kind": "rdkit_path", "n_bits": 512, "max_path": 5, "branched": False},
        lambda: generators.GetRDKitFPGenerator(maxPath=5, branchedPaths=False, fpSize=512),
    ),
    ({"kind": "atom_pair"}, lambda: generators.GetAtomPairGenerator(fpSize=2048)),
    (
        {"kind": "atom_pair", "max_distance": 6, "n_bits": 1024, "chirality": True},
        lambda: generators.GetAtomPairGenerator(maxDistance=6, fpSize=1024, includeChirality=True),
    ),
    ({"kind": "torsion"}, lambda: generators.GetTopologicalTorsionGenerator(fpSize=2048)),
    (
        {"kind": "torsion", "n_atoms": 5, "n_bits": 1000},
        lambda: generators.GetTopologicalTorsionGenerator(torsionAtomCount=5, fpSize=1000),
    ),
]


@pytest.fixture(scope="module")
def mols(nci_smiles: list[str]) -> list[Any]:
    with BlockLogs():
        parsed = [Chem.MolFromSmiles(smiles) for smiles in nci_smiles[:400]]
    mols = [mol for mol in parsed if mol is not None]
    assert len(mols) > 300
    # RDKit's counts reach beyond 255 only in molecules like this one.
    return [*mols, Chem.MolFromSmiles("C" * 300), Chem.MolFromSmiles("")]


@pytest.mark.parametrize(("settings", "generator"), CASES)
def test_bits_equal_rdkit(
    settings: dict[str, Any], generator: Callable[[], Any], mols: list[Any]
) -> None:
    block = fingerprint_from(settings).block(mols)
    assert isinstance(block, PackedBits)
    expected = np.stack([generator().GetFingerprintAsNumPy(mol) for mol in mols])
    np.testing.assert_array_equal(block.dense(), expected)


@pytest.mark.parametrize(("settings", "generator"), CASES)
def test_counts_equal_rdkit(
    settings: dict[str, Any], generator: Callable[[], Any], mols: list[Any]
) -> None:
    block = fingerprint_from({**settings, "counts": True, "scale": "linear"}).block(mols)
    assert isinstance(block, SparseCounts)
    maker = generator()
    for row, mol in enumerate(mols):
        owned = slice(block.offsets[row], block.offsets[row + 1])
        found = dict(zip(block.indices[owned].tolist(), block.counts[owned].tolist(), strict=True))
        expected = maker.GetCountFingerprint(mol).GetNonzeroElements()
        assert found == {index: min(count, 255) for index, count in expected.items()}
        assert list(found) == sorted(found)


def test_maccs_equals_rdkit(mols: list[Any]) -> None:
    block = fingerprint_from({"kind": "maccs"}).block(mols)
    expected = [list(map(int, GetMACCSKeysFingerprint(mol).ToBitString())) for mol in mols]
    np.testing.assert_array_equal(block.dense(), expected)


def test_some_counts_are_clipped(mols: list[Any]) -> None:
    block = fingerprint_from({"kind": "morgan", "counts": True}).block(mols)
    assert isinstance(block, SparseCounts)
    assert block.counts.max() == 255


NEEDED: dict[str, dict[str, Any]] = {
    "columns": {"names": ["a"]},
    "dense": {"n_columns": 3},
    "given": {"n_bits": 64},
}
"""Settings that have no default: of inputs that come with the molecules."""


@pytest.mark.parametrize("kind", sorted(set(fingerprints) - set(NEEDED)))
def test_no_molecules_give_an_empty_block(kind: str) -> None:
    fingerprint = fingerprint_from({"kind": kind})
    block = fingerprint.block([])
    assert len(block) == 0
    assert block.n_features == fingerprint.n_features


@pytest.mark.parametrize("kind", sorted(fingerprints))
def test_settings_survive_a_round_trip(kind: str) -> None:
    fingerprint = fingerprint_from({"kind": kind, **NEEDED.get(kind, {})})
    assert fingerprint_from(fingerprint.model_dump()) == fingerprint
    assert fingerprint_from(fingerprint) is fingerprint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs a 'kind'"),
        ({"kind": "morgen"}, "did you mean 'morgan'"),
        ({"kind": "morgan", "radios": 2}, "did you mean 'radius'"),
        ({"kind": "morgan", "n_bits": 70000}, "n_bits"),
        ({"kind": "maccs", "counts": True}, "counts"),
        ({"kind": "atom_pair", "min_distance": 9, "max_distance": 3}, "above max_distance 3"),
        ({"kind": "rdkit_path", "min_path": 8}, "above max_path 7"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fingerprint_from(settings)


def test_default_morgan_equals_the_shared_pcba_bits(shared_data: Path) -> None:
    with np.load(shared_data / "pcba" / "pcba_fingerprints.npz", allow_pickle=False) as arrays:
        position = {int(row): i for i, row in enumerate(arrays["row"])}
        packed = arrays["fingerprint"]
    with gzip.open(shared_data / "pcba" / "pcba_smiles.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    rng = np.random.default_rng(20)
    chosen = [rows[i] for i in rng.choice(len(rows), 3000, replace=False)]
    block = fingerprint_from({"kind": "morgan"}).block(
        [Chem.MolFromSmiles(row["smiles"]) for row in chosen]
    )
    assert isinstance(block, PackedBits)
    expected = packed[[position[int(row["row"])] for row in chosen]]
    np.testing.assert_array_equal(block.packed, expected)


@pytest.mark.parametrize("module", ["fingerprints", "graphs", "descriptors"])
def test_every_kind_is_known_whatever_is_imported_first(module: str) -> None:
    code = (
        f"import bioassay_mtl.chem.{module}\n"
        "from bioassay_mtl.chem.fingerprints.base import fingerprints\n"
        "print(*sorted(fingerprints))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == sorted(fingerprints)
    assert {"columns", "dense", "graph", "morgan"} <= set(fingerprints)
