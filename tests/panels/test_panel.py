"""The panel and its making from arrays."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from bioassay_mtl.chem.features import PackedBits, SparseCounts
from bioassay_mtl.chem.graphs import MolecularGraph
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels import Panel
from bioassay_mtl.tasks.kinds import Multiclass, Regression

SMILES = ["CCO", "OCC", "c1ccccc1", "C1=CC=CC=C1", "CC(=O)O", "nonsense", "nonsense", ""]


def small(**changes: Any) -> Panel:
    labels = np.array([[1, -1], [0, 1], [1, 0], [0, -1], [0, 1], [1, 1], [-1, -1], [0, 0]], np.int8)
    ids = [f"M{i}" for i in range(8)]
    panel = Panel(SMILES, None, labels, ("x", "y"), ids, {"part": list("aabbccdd")})
    return dataclasses.replace(panel, **changes)


def counts(rows: list[dict[int, int]], n_features: int = 16) -> SparseCounts:
    return SparseCounts(
        np.cumsum([0, *map(len, rows)]).astype(np.int64),
        np.array([k for row in rows for k in sorted(row)], np.uint16),
        np.array([row[k] for row in rows for k in sorted(row)], np.uint8),
        n_features,
    )


def test_counts_and_mask() -> None:
    panel = small()
    assert len(panel) == 8
    np.testing.assert_array_equal(panel.mask, panel.labels >= 0)
    np.testing.assert_array_equal(panel.n_actives, [3, 3])
    np.testing.assert_array_equal(panel.n_inactives, [4, 2])
    np.testing.assert_array_equal(panel.has_structure, [True] * 7 + [False])
    assert repr(panel) == "Panel(8 molecules x 2 assays, 75% measured)"


def test_take_keeps_everything_in_step() -> None:
    bits = np.random.default_rng(0).integers(0, 256, (8, 4)).astype(np.uint8)
    panel = small(features={"morgan": PackedBits(bits, 32)})
    taken = panel.take(np.array([5, 0, 0]))
    assert taken.structures == ["nonsense", "CCO", "CCO"]
    assert taken.ids == ["M5", "M0", "M0"]
    assert taken.columns == {"part": ["c", "a", "a"]}
    np.testing.assert_array_equal(taken.labels, panel.labels[[5, 0, 0]])
    assert taken.features is not None
    block = taken.features["morgan"]
    assert isinstance(block, PackedBits)
    np.testing.assert_array_equal(block.packed, bits[[5, 0, 0]])
    by_mask = panel.take(np.arange(8) < 2)
    assert by_mask.ids == ["M0", "M1"]
    assert len(panel.take([])) == 0


def test_a_mask_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(InputError, match="8 rows"):
        small().take(np.ones(5, dtype=bool))


def test_select_tasks() -> None:
    panel = small().select_tasks(["y"])
    assert panel.tasks == ("y",)
    np.testing.assert_array_equal(panel.labels, small().labels[:, 1:])
    with pytest.raises(ConfigError, match="did you mean 'x'"):
        small(tasks=("x", "y")).select_tasks(["xx"])


def test_groups_by_structure() -> None:
    np.testing.assert_array_equal(small().groups(), [0, 0, 1, 1, 2, 3, 4, 5])


def test_groups_by_features_where_a_structure_is_unknown() -> None:
    bits = PackedBits(np.array([[1], [1], [2], [2], [3], [4], [5], [3]], np.uint8), 8)
    np.testing.assert_array_equal(
        small(features={"morgan": bits}).groups(), [0, 0, 1, 1, 2, 3, 4, 2]
    )
    known = small(features={"morgan": bits}).take(np.arange(5))
    np.testing.assert_array_equal(known.groups(), [0, 0, 1, 1, 2])


def test_groups_need_every_block_to_agree() -> None:
    blocks = {
        "bits": PackedBits(np.array([[1], [1], [1]], np.uint8), 8),
        "counts": counts([{1: 2}, {1: 3}, {1: 2}]),
    }
    panel = Panel.from_arrays(blocks, [1, 0, 1], ["x"])
    np.testing.assert_array_equal(panel.groups(), [0, 1, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"structures": None}, "structures, features, or both"),
        ({"labels": np.zeros((8, 2))}, "int8"),
        ({"labels": np.zeros((7, 2), np.int8)}, "8 ids for 7 rows"),
        ({"labels": np.full((8, 2), 3, np.int8)}, "found 3"),
        ({"labels": np.full((8, 2), -2, np.int8)}, "found -2"),
        ({"tasks": ("x",)}, "1 task names for 2"),
        ({"tasks": ("x", "x")}, "'x' is named twice"),
        ({"tasks": ("x", "status")}, "would have the name 'status'"),
        ({"structures": ["C"]}, "1 structures for 8"),
        ({"columns": {"part": ["a"]}}, "column 'part'"),
        ({"features": {"f": PackedBits(np.zeros((3, 1), np.uint8), 8)}}, "features 'f'"),
    ],
)
def test_faults_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(**changes)


def test_columns_of_classes_are_no_names_of_assays() -> None:
    kinds = (Multiclass(classes=("a", "b")), Regression())
    labels = np.zeros((1, 2), np.float32)
    with pytest.raises(InputError, match=re.escape("the name 'x[a]'")):
        Panel.from_arrays(["C"], labels, ["x", "x[a]"], kinds=kinds)


def test_digest_changes_with_all_content_and_order() -> None:
    panel = small()
    labels = panel.labels.copy()
    labels[0, 0] = 0
    others = [
        panel.take(np.arange(8)[::-1]),
        panel.select_tasks(["y", "x"]),
        small(labels=labels),
        small(tasks=("x", "z")),
        small(structures=["CC", "O", *SMILES[2:]]),
        small(structures=["C", "CO", *SMILES[2:]]),
        small(ids=["other", *panel.ids[1:]]),
        small(columns={}),
        small(features={"f": PackedBits(np.zeros((8, 1), np.uint8), 8)}),
        small(features={"f": PackedBits(np.zeros((8, 1), np.uint8), 7)}),
        small(features={"f": counts([{}] * 8)}),
    ]
    digests = [other.digest() for other in [panel, *others]]
    assert len(set(digests)) == len(digests)
    assert small().digest() == panel.digest()
    assert len(panel.digest()) == 64


@pytest.mark.parametrize(
    "labels",
    [
        [[1, np.nan], [0, 1]],
        np.array([[1, -1], [0, 1]]),
        np.array([[1, np.nan], [0, 1]], dtype=np.float16),
        pd.DataFrame({"x": [1.0, 0.0], "y": [None, 1.0]}),
    ],
)
def test_labels_of_many_kinds(labels: Any) -> None:
    panel = Panel.from_arrays(["C", "CC"], labels, ["x", "y"])
    np.testing.assert_array_equal(panel.labels, [[1, -1], [0, 1]])
    assert panel.labels.dtype == np.int8
    assert panel.ids == ["0", "1"]


def test_a_mask_wins_over_the_label() -> None:
    labels = np.array([True, False])
    panel = Panel.from_arrays(pd.Series(["C", "CC"]), labels, ["x"], mask=[True, False])
    np.testing.assert_array_equal(panel.labels, [[1], [-1]])
    # What a masked cell holds is nobody's business.
    panel = Panel.from_arrays(["C"], [[7.0]], ["x"], mask=[[False]])
    np.testing.assert_array_equal(panel.labels, [[-1]])


@pytest.mark.parametrize("value", [2, 0.5, -2, np.inf])
def test_other_labels_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="row 1, column 0"):
        Panel.from_arrays(["C", "CC"], [0, value], ["x"])


def test_other_arrays_are_refused() -> None:
    with pytest.raises(InputError, match="numbers"):
        Panel.from_arrays(["C"], [["yes"]], ["x"])
    with pytest.raises(InputError, match="mask"):
        Panel.from_arrays(["C"], [[1]], ["x"], mask=[[True, True]])
    with pytest.raises(InputError, match="SMILES"):
        Panel.from_arrays([1, 2], [0, 1], ["x"])
    with pytest.raises(InputError, match="features must be numbers"):
        Panel.from_arrays(np.array([["C", "CC"]]), [1], ["x"])


def test_real_numbers_are_held_as_they_are() -> None:
    panel = Panel.from_arrays(np.array([[0.5, 1e60], [np.nan, -2]]), [1, 0], ["x"], block="given")
    assert panel.features is not None
    largest = np.finfo(np.float32).max
    expected = np.array([[0.5, largest], [np.nan, -2]], np.float32)
    turned = panel.take([1, 0]).features
    assert turned is not None
    np.testing.assert_array_equal(turned["given"].dense(), expected[::-1])
    copies = Panel.from_arrays(np.array([[0.5, 1], [2, 3], [0.5, 1]]), [1, 0, 1], ["x"])
    assert copies.groups().tolist() == [0, 1, 0]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**31))
def test_dense_and_packed_bits_are_the_same_panel(n: int, n_bits: int, seed: int) -> None:
    dense = np.random.default_rng(seed).integers(0, 2, (n, n_bits))
    labels = np.zeros(n)
    by_dense = Panel.from_arrays(dense, labels, ["x"])
    by_float = Panel.from_arrays(dense.astype(np.float32), labels, ["x"])
    block = PackedBits(np.packbits(dense.astype(np.uint8), axis=1), n_bits)
    by_block = Panel.from_arrays({"morgan": block}, labels, ["x"])
    assert by_dense.digest() == by_float.digest() == by_block.digest()
    assert by_dense.features is not None
    np.testing.assert_array_equal(by_dense.features["morgan"].dense(), dense)


def test_packed_bytes_are_recognized() -> None:
    packed = np.array([[255, 1], [0, 128]], np.uint8)
    panel = Panel.from_arrays(packed, [1, 0], ["x"], block="ecfp")
    assert panel.features is not None
    assert panel.features["ecfp"].n_features == 16


@pytest.mark.parametrize("as_mapping", [True, False])
def test_graphs_without_a_meaning_are_refused(as_mapping: bool) -> None:
    graphs = MolecularGraph().block(map(Chem.MolFromSmiles, ["CC", "CCO"]))
    for name, value in (("atoms", 250), ("ends", 9)):
        altered = getattr(graphs, name).copy()
        altered[0, 0] = value
        block = dataclasses.replace(graphs, **{name: altered})
        with pytest.raises(InputError, match=r"graphs: .* among molecules 0 to 2"):
            Panel.from_arrays({"graph": block} if as_mapping else block, [0, 1], ["x"])
