"""Iterative stratification: its rule, its promises, and what it is worth on real panels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.harness.datasets import read_pcba
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split, split
from bioassay_mtl.splits.deal import largest_first
from bioassay_mtl.splits.strata import panel_strata
from bioassay_mtl.splits.stratified import stratify
from bioassay_mtl.tasks.kinds import Binary, Censored, Multiclass, Regression

FRACTIONS = [(0.8, 0.1, 0.1), (0.34, 0.33, 0.33), (0.5, 0.0, 0.5), (1.0, 0.0, 0.0)]
LABELS = hnp.arrays(
    np.int8, st.tuples(st.integers(1, 40), st.integers(1, 5)), elements=st.integers(-1, 1)
)


def parts_of(result: Split) -> list[np.ndarray]:
    return [result.train, result.valid, result.test]


def panel_of(molecules: np.ndarray, labels: np.ndarray) -> Panel:
    bits = PackedBits(molecules.astype(np.uint8)[:, None], 8)
    return Panel.from_arrays(bits, labels, [f"t{i}" for i in range(labels.shape[1])])


def naive_stratify(
    cells: np.ndarray, sizes: np.ndarray, fractions: tuple[float, ...], order: np.ndarray
) -> np.ndarray:
    """Algorithm 1 of Sechidis et al. with loops, and the two rules that are added to it."""
    used = [p for p, fraction in enumerate(fractions) if fraction > 0]
    room = {p: fractions[p] * float(sizes.sum()) for p in used}
    want = {p: [fractions[p] * float(n) for n in cells.sum(axis=0)] for p in used}
    has = {p: [False] * cells.shape[1] for p in used}
    part = {}

    def give(group: int, stratum: int | None) -> None:
        open_parts = [p for p in used if room[p] > 0] or used
        if stratum is not None:
            lacking = [p for p in open_parts if not has[p][stratum]]
            if lacking and len(remaining(stratum)) <= len(lacking):
                open_parts = lacking
        best = open_parts[0]
        for p in open_parts[1:]:
            mine = (want[p][stratum] if stratum is not None else 0, room[p])
            if mine > (want[best][stratum] if stratum is not None else 0, room[best]):
                best = p
        part[group] = best
        room[best] -= sizes[group]
        for s in np.flatnonzero(cells[group]):
            want[best][s] -= cells[group, s]
            has[best][s] = True

    def remaining(stratum: int) -> list[int]:
        return [g for g in order if g not in part and cells[g, stratum]]

    while True:
        left = [(len(remaining(s)), s) for s in range(cells.shape[1]) if remaining(s)]
        if not left:
            break
        stratum = min(left)[1]
        for group in remaining(stratum):
            give(group, stratum)
    for group in order:
        if group not in part:
            give(group, None)
    return np.array([part[g] for g in range(len(sizes))])


@settings(max_examples=150)
@given(
    hnp.arrays(
        np.int64, st.tuples(st.integers(1, 25), st.integers(1, 6)), elements=st.integers(0, 2)
    ),
    st.sampled_from(FRACTIONS),
    st.integers(0, 1000),
    st.data(),
)
def test_it_is_the_naive_loop(
    cells: np.ndarray, fractions: tuple[float, ...], seed: int, data: st.DataObject
) -> None:
    from scipy.sparse import csr_array

    sizes = data.draw(hnp.arrays(np.int64, len(cells), elements=st.integers(1, 4)))
    found = stratify(csr_array(cells), sizes, fractions, np.random.default_rng(seed))
    order = largest_first(sizes, np.random.default_rng(seed))
    np.testing.assert_array_equal(found, naive_stratify(cells, sizes, fractions, order))


@settings(max_examples=100)
@given(LABELS, st.sampled_from(FRACTIONS), st.integers(0, 2**32), st.data())
def test_parts_of_any_panel(
    labels: np.ndarray, fractions: tuple[float, float, float], seed: int, data: st.DataObject
) -> None:
    molecules = data.draw(hnp.arrays(np.int64, len(labels), elements=st.integers(0, 9)))
    panel = panel_of(molecules, labels)
    result = split(panel, kind="stratified", fractions=fractions, seed=seed)
    parts = parts_of(result)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(panel)))
    found = [set(molecules[part].tolist()) for part in parts]
    assert sum(map(len, found)) == len(set(molecules.tolist()))
    most = np.bincount(molecules).max()
    for part, fraction in zip(parts, fractions, strict=True):
        assert len(part) < fraction * len(panel) + most
        assert len(part) > fraction * len(panel) - 2 * most


@given(
    hnp.arrays(np.int8, st.tuples(st.integers(30, 60), st.just(1)), elements=st.integers(-1, 1)),
    st.integers(0, 1000),
)
def test_an_assay_keeps_each_outcome_in_each_part_where_it_can(
    labels: np.ndarray, seed: int
) -> None:
    panel = panel_of(np.arange(len(labels)), labels)
    parts = parts_of(split(panel, kind="stratified", seed=seed))
    for outcome in (0, 1):
        n = np.count_nonzero(labels == outcome)
        with_outcome = [bool((labels[part] == outcome).any()) for part in parts]
        assert sum(with_outcome) == min(n, 3)
        assert with_outcome[0] == (n > 0)


def test_unmeasured_cells_are_in_no_stratum() -> None:
    panel = panel_of(np.arange(4), np.array([[1, -1], [0, -1], [-1, -1], [1, 1]]))
    np.testing.assert_array_equal(
        panel_strata(panel, 5).toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 1]]
    )


def test_values_are_stratified_by_their_quantiles() -> None:
    labels = np.full((100, 3), np.nan, dtype=np.float32)
    generator = np.random.default_rng(0)
    labels[:50, 0] = generator.permutation(50) ** 3
    labels[:, 1] = np.repeat([5.0, 7.0], [90, 10])
    labels[10:40, 2] = np.arange(30) % 3
    kinds = (Regression(), Censored(), Multiclass(classes=("a", "b", "c")))
    panel = Panel.from_arrays(["C" * (i + 1) for i in range(100)], labels, "xyz", kinds=kinds)
    strata = panel_strata(panel, 5).toarray()
    assert strata.sum(axis=0).tolist() == [10] * 5 + [90, 10] + [10] * 3
    for low, high in zip(strata.T[:4], strata.T[1:5], strict=True):
        assert labels[low == 1, 0].max() < labels[high == 1, 0].min()
    result = split(panel, kind="stratified", fractions=(0.6, 0.2, 0.2))
    for part, share in zip(parts_of(result), (6, 2, 2), strict=True):
        assert np.abs(strata[part, :5].sum(axis=0) - share).max() <= 1


@pytest.mark.parametrize(
    ("kind", "rival", "share"),
    [("stratified", "random", 0.3), ("stratified_scaffold", "scaffold_balanced", 0.7)],
)
def test_shares_of_outcomes_are_even_on_real_molecules(
    nci_panel: Panel, kind: str, rival: str, share: float
) -> None:
    fractions = (0.5, 0.25, 0.25)
    strata = panel_strata(nci_panel, 5).toarray()

    def unevenness(by: str) -> float:
        off = []
        for seed in range(3):
            parts = parts_of(split(nci_panel, kind=by, fractions=fractions, seed=seed))
            held = np.array([strata[part].sum(axis=0) / strata.sum(axis=0) for part in parts])
            off.append(np.abs(held - np.array(fractions)[:, None]).mean())
        return float(np.mean(off))

    assert unevenness(kind) < share * unevenness(rival)


def test_muv_keeps_actives_everywhere(shared_data: Path) -> None:
    panel = Panel.read(shared_data / "muv.csv.gz")
    active = np.flatnonzero((panel.labels == 1).any(axis=1))
    some = panel.take(np.union1d(active, np.arange(0, len(panel), 50)))
    lost = dict.fromkeys(("random", "stratified"), 0)
    for kind in lost:
        for seed in range(3):
            parts = parts_of(split(some, kind=kind, seed=seed))
            lost[kind] += sum(int((some.labels[part] != 1).all(axis=0).sum()) for part in parts)
    assert lost["stratified"] == 0 < lost["random"]


def test_pcba_keeps_actives_where_random_loses_them(shared_data: Path) -> None:
    panel = read_pcba(shared_data / "pcba")
    panel = panel.take(np.arange(0, len(panel), 8))
    few = panel.n_actives >= 3
    lost = {}
    for kind in ("random", "stratified"):
        parts = parts_of(split(panel, kind=kind))
        lost[kind] = sum(int((panel.labels[part][:, few] != 1).all(axis=0).sum()) for part in parts)
    assert lost["stratified"] == 0 < lost["random"]


def test_tox21_shares_are_even(shared_data: Path) -> None:
    panel = Panel.read(shared_data / "tox21.csv.gz").take(np.arange(0, 8000, 4))
    spread = {}
    for kind in ("random", "stratified"):
        test = split(panel, kind=kind).test
        spread[kind] = np.std((panel.labels[test] == 1).sum(axis=0) / panel.n_actives)
    assert spread["stratified"] < spread["random"] / 3
    assert panel.kinds == (Binary(),) * 12
