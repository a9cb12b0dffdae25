"""k-fold splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SplitConfig, folds
from bioassay_mtl.splits.cluster import clusters
from bioassay_mtl.splits.deal import dealers
from bioassay_mtl.splits.scaffold import murcko_scaffolds


@pytest.mark.parametrize("kind", dealers)
def test_each_row_is_tested_once_in_every_repeat(nci_panel: Panel, kind: str) -> None:
    config = SplitConfig(kind=kind, fractions=(0.6, 0.2, 0.2), seed=2)
    groups = nci_panel.groups()
    if "scaffold" in kind:
        groups = murcko_scaffolds(nci_panel)
    elif kind == "cluster":
        groups = clusters(nci_panel, config)
    found = list(folds(nci_panel, config, n_folds=3, repeats=2))
    assert len(found) == 6
    largest = np.bincount(groups).max()
    for repeat in (found[:3], found[3:]):
        tested = np.concatenate([one.test for one in repeat])
        np.testing.assert_array_equal(np.sort(tested), np.arange(len(nci_panel)))
    for one in found:
        assert one.left_out == 0
        held = [set(groups[part].tolist()) for part in (one.train, one.valid, one.test)]
        assert sum(map(len, held)) == len(set(groups.tolist()))
        assert abs(len(one.test) - len(nci_panel) / 3) <= 2 * largest
        assert abs(len(one.valid) - len(nci_panel) / 6) <= 2 * largest
    assert not np.array_equal(found[0].test, found[3].test)


def test_a_seed_decides_all_repeats(nci_panel: Panel) -> None:
    def tests(seed: int) -> list[list[int]]:
        config = SplitConfig(kind="stratified", seed=seed)
        return [one.test.tolist() for one in folds(nci_panel, config, 2, 2)]

    assert tests(1) == tests(1) != tests(2)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(-1, 1)), min_size=6, max_size=50),
    st.sampled_from(["random", "stratified"]),
    st.integers(2, 5),
)
def test_duplicates_stay_in_one_fold(rows: list[tuple[int, int]], kind: str, n_folds: int) -> None:
    molecules = np.array([m for m, _ in rows])
    bits = PackedBits(molecules.astype(np.uint8)[:, None], 8)
    panel = Panel.from_arrays(bits, [label for _, label in rows], ["x"])
    if len(set(molecules.tolist())) < n_folds:
        with pytest.raises(InputError, match="too few"):
            list(folds(panel, SplitConfig(kind=kind), n_folds))
        return
    try:
        found = list(folds(panel, SplitConfig(kind=kind), n_folds))
    except InputError:  # one molecule has so many copies that a fold is left without rows
        assert np.bincount(molecules).max() > len(rows) / n_folds
        return
    tested = np.concatenate([one.test for one in found])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(panel)))
    held = [set(molecules[one.test].tolist()) for one in found]
    assert sum(map(len, held)) == len(set(molecules.tolist()))


def test_faults(nci_panel: Panel) -> None:
    for kind in ("column", "indices", "time"):
        with pytest.raises(ConfigError, match=f"kind '{kind}' has no folds"):
            folds(nci_panel, SplitConfig(kind=kind))
    with pytest.raises(ConfigError, match="at least 2 folds"):
        folds(nci_panel, n_folds=1)
    with pytest.raises(ConfigError, match="at least 2 folds and 1 repeat"):
        folds(nci_panel, repeats=0)
    with pytest.raises(ConfigError, match="share of train"):
        folds(nci_panel, SplitConfig(fractions=(0, 0, 1)))
    with pytest.raises(InputError, match="too few for 9 folds"):
        next(folds(nci_panel.take([0, 1, 2]), n_folds=9))
