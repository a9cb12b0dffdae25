"""Clusters of similar molecules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.ML.Cluster import Butina
from rdkit.SimDivFilters.rdSimDivPickers import LeaderPicker

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SplitConfig, cluster, split
from bioassay_mtl.splits.butina import butina_clusters, sphere_exclusion
from bioassay_mtl.splits.cluster import clusters


@pytest.fixture(scope="module")
def prints(nci_smiles: list[str]) -> tuple[list[Any], PackedBits]:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    molecules = [m for m in map(Chem.MolFromSmiles, nci_smiles[:400]) if m is not None]
    vectors = [generator.GetFingerprint(m) for m in molecules]
    bits = np.array([list(v) for v in vectors], dtype=np.uint8)
    return vectors, PackedBits(np.packbits(bits, axis=1), 2048)


def as_numbers(found: tuple[tuple[int, ...], ...], n: int) -> np.ndarray:
    numbers = np.full(n, -1)
    for number, members in enumerate(found):
        numbers[list(members)] = number
    return numbers


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = len(set(zip(one.tolist(), other.tolist(), strict=True)))
    return pairs == len(set(one.tolist())) == len(set(other.tolist()))


@pytest.mark.parametrize("distance", [0.0, 0.35, 0.6, 0.8, 1.0])
def test_butina_is_rdkits(prints: tuple[list[Any], PackedBits], distance: float) -> None:
    vectors, block = prints
    pairs = [
        1 - s
        for i, v in enumerate(vectors)
        for s in DataStructs.BulkTanimotoSimilarity(v, vectors[:i])
    ]
    expected = Butina.ClusterData(pairs, len(vectors), distance, isDistData=True)
    found = butina_clusters(block, distance)
    assert same_partition(found, as_numbers(expected, len(vectors)))


@pytest.mark.parametrize("distance", [0.35, 0.6, 0.8])
def test_leaders_are_those_of_rdkits_picker(
    prints: tuple[list[Any], PackedBits], distance: float
) -> None:
    vectors, block = prints
    found = sphere_exclusion(block, distance)
    leaders = np.unique(found, return_index=True)[1]
    expected = LeaderPicker().LazyBitVectorPick(vectors, len(vectors), distance)
    assert leaders.tolist() == list(expected)


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 30), st.just(2)), elements=st.integers(0, 255)),
    st.floats(0, 1),
)
def test_every_member_is_near_its_leader(packed: np.ndarray, distance: float) -> None:
    block = PackedBits(packed, 16)
    bits = np.unpackbits(packed, axis=1).astype(int)
    for found in (butina_clusters(block, distance), sphere_exclusion(block, distance)):
        assert set(found.tolist()) == set(range(found.max() + 1))
        for number in range(found.max() + 1):
            members = np.flatnonzero(found == number)
            shared = bits[members] @ bits[members].T
            union = bits[members].sum(1)[:, None] + bits[members].sum(1) - shared
            distances = 1 - np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
            np.fill_diagonal(distances, 0)
            assert (distances <= distance + 1e-12).all(axis=1).any()


def test_duplicates_share_a_cluster_and_unusable_smiles_are_alone(nci_panel: Panel) -> None:
    found = clusters(nci_panel, SplitConfig(kind="cluster"))
    groups = nci_panel.groups()
    assert len(set(zip(groups.tolist(), found.tolist(), strict=True))) == len(set(groups.tolist()))
    assert found[-1] != found[-2]
    assert np.count_nonzero(found == found[-1]) == 1
    assert len(set(found.tolist())) < 0.9 * len(set(groups.tolist()))


def test_a_cluster_is_in_one_part(nci_panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    by_method = []
    for most in (cluster.MOST_FOR_BUTINA, 10):
        monkeypatch.setattr(cluster, "MOST_FOR_BUTINA", most)
        config = SplitConfig(kind="cluster", distance=0.7, fractions=(0.6, 0.2, 0.2))
        found = clusters(nci_panel, config)
        result = split(nci_panel, config)
        parts = [set(found[part].tolist()) for part in (result.train, result.valid, result.test)]
        assert sum(map(len, parts)) == len(set(found.tolist()))
        by_method.append(found)
    assert not same_partition(*by_method)


def test_a_cluster_needs_a_structure() -> None:
    bare = Panel.from_arrays(PackedBits(np.zeros((2, 1), np.uint8), 8), [0, 1], ["x"])
    with pytest.raises(InputError, match="a cluster needs a structure"):
        split(bare, kind="cluster")
