"""What all splits have in common, and each one's rule."""

from __future__ import annotations

import dataclasses
import gzip
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from benchmarks.harness.datasets import read_pcba
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.splits.scaffold import murcko_scaffolds

BY_FRACTION = [
    "random",
    "stratified",
    "scaffold",
    "scaffold_balanced",
    "stratified_scaffold",
    "cluster",
]


def parts(result: Split) -> list[np.ndarray]:
    return [result.train, result.valid, result.test]


def with_column(panel: Panel, values: list[str]) -> Panel:
    return dataclasses.replace(panel, columns={"part": values})


@pytest.mark.parametrize("kind", BY_FRACTION)
@pytest.mark.parametrize(
    "fractions",
    [(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.9, 0.1, 0), (0.8, 0, 0.2), (1, 0, 0), (0, 0, 1)],
)
@pytest.mark.cases(12)
def test_parts_are_disjoint_complete_and_of_their_size(
    nci_panel: Panel, kind: str, fractions: tuple[float, float, float]
) -> None:
    result = split(nci_panel, kind=kind, fractions=fractions, seed=3)
    rows = np.concatenate(parts(result))
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(nci_panel)))
    assert result.left_out == 0
    for part, fraction in zip(parts(result), fractions, strict=True):
        np.testing.assert_array_equal(part, np.sort(part))
        assert len(part) == pytest.approx(fraction * len(nci_panel), abs=0.02 * len(nci_panel))
        assert (len(part) == 0) == (fraction == 0)


@pytest.mark.parametrize("kind", BY_FRACTION)
def test_duplicates_stay_together(nci_panel: Panel, kind: str) -> None:
    groups = nci_panel.groups()
    assert len(np.unique(groups)) < len(nci_panel) - 15
    result = split(nci_panel, kind=kind, fractions=(0.4, 0.3, 0.3), seed=1)
    found = [set(groups[part].tolist()) for part in parts(result)]
    assert not found[0] & found[1]
    assert not found[0] & found[2]
    assert not found[1] & found[2]


@pytest.mark.parametrize("kind", ["scaffold", "scaffold_balanced", "stratified_scaffold"])
def test_a_scaffold_is_in_one_part(nci_panel: Panel, kind: str) -> None:
    result = split(nci_panel, kind=kind, fractions=(0.6, 0.2, 0.2))
    where = defaultdict(set)
    for name, rows in zip("abc", parts(result), strict=True):
        for row in rows:
            assert nci_panel.structures is not None
            molecule = Chem.MolFromSmiles(nci_panel.structures[row])
            if molecule is not None:
                where[MurckoScaffold.MurckoScaffoldSmiles(mol=molecule)].add(name)
    assert len(where) > 50
    assert all(len(names) == 1 for names in where.values())


def test_seeds(nci_panel: Panel) -> None:
    for kind in BY_FRACTION:
        first, again, other = (split(nci_panel, kind=kind, seed=s).train for s in (5, 5, 6))
        np.testing.assert_array_equal(first, again)
        assert np.array_equal(first, other) == (kind == "scaffold")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=60),
    st.sampled_from([(0.8, 0.1, 0.1), (0.34, 0.33, 0.33), (0.7, 0.3, 0.0)]),
    st.integers(0, 2**32),
)
def test_random_of_any_duplicates(
    molecules: list[int], fractions: tuple[float, float, float], seed: int
) -> None:
    bits = PackedBits(np.array(molecules, np.uint8)[:, None], 8)
    panel = Panel.from_arrays(bits, np.zeros(len(bits)), ["x"])
    result = split(panel, kind="random", fractions=fractions, seed=seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts(result))), np.arange(len(panel)))
    found = [{molecules[row] for row in part} for part in parts(result)]
    assert sum(map(len, found)) == len(set(molecules))
    most_copies = max(molecules.count(m) for m in molecules)
    for part, fraction in zip(parts(result), fractions, strict=True):
        assert abs(len(part) - fraction * len(panel)) <= most_copies + 1


def naive_scaffold_split(panel: Panel, fractions: tuple[float, float, float]) -> list[list[int]]:
    """The greedy loop as MoleculeNet published it."""
    sets: dict[str, list[int]] = {}
    for row, smiles in enumerate(panel.structures or []):
        sets.setdefault(MurckoScaffold.MurckoScaffoldSmiles(smiles), []).append(row)
    ordered = sorted(sets.values(), key=lambda rows: (len(rows), rows[0]), reverse=True)
    train: list[int] = []
    valid: list[int] = []
    test: list[int] = []
    for rows in ordered:
        if len(train) + len(rows) > fractions[0] * len(panel):
            if len(train) + len(valid) + len(rows) > (fractions[0] + fractions[1]) * len(panel):
                test += rows
            else:
                valid += rows
        else:
            train += rows
    return [sorted(train), sorted(valid), sorted(test)]


@pytest.fixture(scope="module")
def valid_panel(nci_panel: Panel) -> Panel:
    """Molecules that parse, each once."""
    firsts = np.unique(nci_panel.groups(), return_index=True)[1]
    known = [i for i in firsts if Chem.MolFromSmiles((nci_panel.structures or [])[i]) is not None]
    return nci_panel.take(known)


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.1), (0.5, 0.2, 0.3)])
def test_greedy_scaffold_is_the_published_loop(
    valid_panel: Panel, fractions: tuple[float, float, float]
) -> None:
    result = split(valid_panel, kind="scaffold", fractions=fractions)
    for part, expected in zip(
        parts(result), naive_scaffold_split(valid_panel, fractions), strict=True
    ):
        np.testing.assert_array_equal(part, expected)


def test_unusable_structures_are_alone(nci_panel: Panel) -> None:
    scaffolds = murcko_scaffolds(nci_panel)
    assert scaffolds[-1] != scaffolds[-2]
    assert np.count_nonzero(scaffolds == scaffolds[-1]) == 1


def test_a_scaffold_needs_a_structure() -> None:
    bits = PackedBits(np.zeros((2, 1), np.uint8), 8)
    bare = Panel.from_arrays(bits, [0, 1], ["x"])
    half = Panel(["CC", ""], {"f": bits}, bare.labels, ("x",), ["a", "b"])
    for panel, missing in ((bare, 2), (half, 1)):
        with pytest.raises(InputError, match=f"{missing} of 2 rows have none"):
            split(panel, kind="scaffold")


def test_column(nci_panel: Panel) -> None:
    panel = nci_panel.take(np.arange(6))
    panel = with_column(panel, ["Train", "val", "public_test", "", " training ", "test"])
    result = split(panel, kind="column", column="part")
    assert [p.tolist() for p in parts(result)] == [[0, 4], [1], [2, 5]]
    assert result.left_out == 1


def test_column_with_values_of_its_own(nci_panel: Panel) -> None:
    panel = with_column(nci_panel.take(np.arange(4)), ["0", "1", "2", "train"])
    values = {"0": "train", "1": "test", "2": ""}
    result = split(panel, kind="column", column="part", values=values)
    assert [p.tolist() for p in parts(result)] == [[0, 3], [], [1]]
    with pytest.raises(InputError, match="column 'part': '2' names no subset"):
        split(panel, kind="column", column="part", values={"0": "train", "1": "test"})


def test_a_column_must_be_known(nci_panel: Panel) -> None:
    panel = with_column(nci_panel, ["train"] * len(nci_panel))
    with pytest.raises(ConfigError, match="did you mean 'part'"):
        split(panel, kind="column", column="parts")
    with pytest.raises(ConfigError, match="needs its name"):
        split(panel, kind="column")


@pytest.fixture
def leaky() -> Panel:
    panel = Panel.from_arrays(["CCO", "OCC", "C(C)O", "CC", "CC", "CCC"], [0] * 6, ["x"])
    return with_column(panel, ["train", "valid", "test", "train", "valid", "train"])


def test_duplicates_in_a_published_split_leave_the_subset_evaluated_last(
    leaky: Panel,
) -> None:
    result = split(leaky, kind="column", column="part")
    assert [p.tolist() for p in parts(result)] == [[5], [4], [2]]
    assert result.left_out == 3


def test_duplicates_in_a_published_split_can_be_refused(leaky: Panel) -> None:
    with pytest.raises(
        InputError, match=r"3 rows .* duplicate.*row 0 is in train, .*row 2 in test"
    ):
        split(leaky, kind="column", column="part", duplicates="raise")


def test_indices(tmp_path: Path, nci_panel: Panel) -> None:
    train, valid, test = tmp_path / "train.csv.gz", tmp_path / "valid.txt", tmp_path / "test.npy"
    train.write_bytes(gzip.compress(b"row,smiles\n3,CC\n0,C\n\n"))
    valid.write_text("1\n\n5\n")
    np.save(test, np.array([2], np.int32))
    files = {"train": train, "valid": valid, "test": test}
    result = split(nci_panel.take(np.arange(8)), kind="indices", files=files)
    assert [p.tolist() for p in parts(result)] == [[0, 3], [1, 5], [2]]
    assert result.left_out == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0\n1.5\n", "rows.txt, line 2: a row index was expected, found '1.5'"),
        (b"0\n-1\n", "line 2"),
        (b"0\n8\n", "row 8 is none of the panel's 8"),
        (b"\xff\xfe", "not a list of row indices"),
    ],
)
def test_faulty_index_files(tmp_path: Path, nci_panel: Panel, content: bytes, message: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        split(nci_panel.take(np.arange(8)), kind="indices", files={"train": path})


def test_other_faults_of_indices(tmp_path: Path, nci_panel: Panel) -> None:
    panel = nci_panel.take(np.arange(8))
    path = tmp_path / "rows.npy"
    np.save(path, np.array([0.5]))
    with pytest.raises(InputError, match="list of integers"):
        split(panel, kind="indices", files={"train": path})
    np.save(path, np.array([-1]))
    with pytest.raises(InputError, match="row -1"):
        split(panel, kind="indices", files={"train": path})
    np.save(path, np.array([3, 4]))
    with pytest.raises(InputError, match="row 3 is in train already"):
        split(panel, kind="indices", files={"train": path, "test": path})
    with pytest.raises(InputError, match="no such file"):
        split(panel, kind="indices", files={"train": tmp_path / "absent.txt"})
    with pytest.raises(ConfigError, match="files="):
        split(panel, kind="indices")


def test_settings_are_checked(nci_panel: Panel) -> None:
    with pytest.raises(ConfigError, match="did you mean 'scaffold'"):
        split(nci_panel, kind="scafold")
    with pytest.raises(ConfigError, match="did you mean 'fractions'"):
        split(nci_panel, fraction=(1, 0, 0))
    for fractions in ((0.8, 0.1, 0.2), (1.2, -0.1, -0.1)):
        with pytest.raises(ConfigError, match="sum to 1"):
            split(nci_panel, fractions=fractions)
    config = SplitConfig(kind="random", seed=4)
    np.testing.assert_array_equal(
        split(nci_panel, config, seed=5).train, split(nci_panel, kind="random", seed=5).train
    )


def test_the_official_scaffold_split(shared_data: Path) -> None:
    panel = read_pcba(shared_data / "pcba")
    by_part = split(panel, kind="column", column="part", duplicates="raise")
    assert [len(p) for p in parts(by_part)] == [43_986, 0, 21_788]
    official = split(panel, kind="column", column="ogb_split")
    assert len(official.test) == 5_360
    assert official.left_out == 14_411 + 153 + 53
