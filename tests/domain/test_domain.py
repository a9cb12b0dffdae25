"""The nearest training molecules of real molecules, beside RDKit's own similarities."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MACCSFingerprint, MorganFingerprint
from bioassay_mtl.domain import N_BITS, Domain
from bioassay_mtl.domain.domain import NEAR
from bioassay_mtl.domain.evidence import Evidence
from bioassay_mtl.domain.fingerprints import INPUT, also_computed, bits_of, source_of
from bioassay_mtl.tasks.kinds import TaskKind, kind_config
from bioassay_mtl.tasks.measured import MeasuredCells

KINDS = tuple(
    kind_config(kind)
    for kind in (
        "binary",
        {"kind": "multiclass", "classes": ("low", "mid", "high")},
        {"kind": "censored"},
    )
)
COLUMNS = ("A", "B[low]", "B[mid]", "B[high]", "C")


def labels(n: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    values = np.stack([rng.integers(0, 2, n), rng.integers(0, 3, n), rng.normal(6, 1, n)], axis=1)
    values[rng.random(values.shape) < 0.3] = np.nan
    return values.astype(np.float32)


def packed(smiles: list[str]) -> NDArray[np.uint8]:
    prints = {"morgan": MorganFingerprint()}
    return bits_of(Featurizer(prints)(smiles), prints)


@pytest.fixture(scope="module")
def smiles(nci_smiles: list[str]) -> list[str]:
    return nci_smiles[:400]


@pytest.fixture(scope="module")
def domain(smiles: list[str]) -> Domain:
    known = smiles[:300]
    bounds = np.zeros((300, 3), np.int8)
    bounds[::5, 2] = np.where(np.isnan(labels(300)[::5, 2]), 0, 1)
    return Domain(packed(known), MeasuredCells.from_dense(labels(300), bounds), known)


@pytest.fixture(scope="module")
def similarities(smiles: list[str]) -> NDArray[np.float64]:
    """RDKit's, of the last 100 molecules to the first 300."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=N_BITS)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles]
    return np.array([DataStructs.BulkTanimotoSimilarity(each, prints[:300]) for each in prints])


def test_the_nearest_is_rdkits(
    domain: Domain, smiles: list[str], similarities: NDArray[np.float64]
) -> None:
    found = domain.nearest(packed(smiles[300:]))
    expected = similarities[300:]
    np.testing.assert_array_equal(found.molecule, expected.argmax(axis=1))
    np.testing.assert_allclose(found.similarity, expected.max(axis=1), rtol=1e-12)
    assert (found.similarity < NEAR).any()  # those that are near to none have a nearest one, too


def test_a_molecule_without_bits_has_no_nearest(domain: Domain) -> None:
    found = domain.nearest(np.zeros((1, N_BITS // 8), np.uint8))
    assert found.molecule.tolist() == [-1]
    assert found.similarity.tolist() == [0]


def test_by_its_threshold_most_training_molecules_are_inside(
    domain: Domain, similarities: NDArray[np.float64]
) -> None:
    own = similarities[:300].copy()
    np.fill_diagonal(own, 0)
    assert domain.threshold == pytest.approx(np.quantile(own.max(axis=1), 0.05))


def test_evidence_is_what_the_column_predicts(
    domain: Domain, smiles: list[str], similarities: NDArray[np.float64]
) -> None:
    columns = [4, 0, 3]
    found = domain.nearest(packed(smiles[300:]), Evidence(domain.cells, KINDS, columns)).of_columns
    values = labels(300)
    of_column = {0: values[:, 0] == 1, 3: values[:, 1] == 2, 4: ~np.isnan(values[:, 2])}
    for place, column in enumerate(columns):
        best = similarities[300:, of_column[column]].max(axis=1)
        np.testing.assert_allclose(found[:, place], np.where(best < NEAR, np.nan, best), rtol=1e-6)
    assert np.isnan(found).any()
    assert not np.isnan(found).all()


def test_known_labels_are_told_in_words(domain: Domain, smiles: list[str]) -> None:
    evidence = Evidence(domain.cells, KINDS, range(5))
    wanted = domain.identities[[7, 5, 9]]
    wanted[2] = 0
    told = evidence.known(*domain.rows_of(wanted), 3)
    values, names = labels(300), KINDS[1].outcomes
    for at, row in enumerate((7, 5)):
        a, b, c = values[row]
        bound = ">" if row % 5 == 0 else ""
        expected = [
            "" if np.isnan(a) else ("inactive", "active")[int(a)],
            *["" if np.isnan(b) else names[int(b)]] * 3,
            "" if np.isnan(c) else f"{bound}{c:.7g}",
        ]
        assert told[at].tolist() == expected
    assert told[2].tolist() == [""] * 5


def test_contradicting_labels_are_all_told() -> None:
    texts = ["OC(=O)CC", "CCC(=O)O.Cl", "CCC(=O)[O-].[Na+]", "CCO"]
    cells = MeasuredCells.from_dense(np.array([[0], [1], [1], [1]], np.int8))
    domain = Domain(packed(texts), cells, texts)
    binary: tuple[TaskKind, ...] = (kind_config("binary"),)
    told = Evidence(cells, binary, [0]).known(*domain.rows_of(domain.identities[[1, 3]]), 2)
    assert told.tolist() == [["active / inactive"], ["active"]]


def test_longer_fingerprints_and_counts_are_folded(smiles: list[str]) -> None:
    expected = packed(smiles)
    for print_ in (
        MorganFingerprint(n_bits=4096, counts=True),
        MorganFingerprint(n_bits=2048),
    ):
        prints = {"maccs": MACCSFingerprint(), "long": print_}
        assert source_of(prints) == "long"
        assert not also_computed(prints)
        np.testing.assert_array_equal(bits_of(Featurizer(prints)(smiles), prints), expected)


@pytest.mark.parametrize(
    "print_",
    [
        MorganFingerprint(n_bits=1000),
        MorganFingerprint(radius=3),
        MorganFingerprint(chirality=True),
        MorganFingerprint(invariants="features"),
        MACCSFingerprint(),
    ],
)
def test_of_others_it_is_computed(print_: MorganFingerprint, smiles: list[str]) -> None:
    prints = {"own": print_}
    more = also_computed(prints)
    assert [*more] == [INPUT]
    found = Featurizer({**prints, **more})(smiles)
    np.testing.assert_array_equal(bits_of(found, prints), packed(smiles))


def test_unions_hold_each_row_once(domain: Domain, smiles: list[str]) -> None:
    assert Domain.union([domain, domain]) is domain
    copy = pickle.loads(pickle.dumps(domain))
    assert len(Domain.union([domain, copy])) == 300
    other = Domain(
        packed(smiles[250:350]), MeasuredCells.from_dense(labels(350)[250:]), smiles[250:350]
    )
    both = Domain.union([domain, other])
    assert len(both) == 400  # fifty molecules have other labels there
    assert both.structures == smiles[:300] + smiles[250:350]
    assert both.cells.n_cells == domain.cells.n_cells + other.cells.n_cells
    for one, two in pairwise((domain, copy)):
        assert one.threshold == two.threshold
