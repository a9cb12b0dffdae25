"""Rows that trees read: the same from sparse and from plain inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.features import SparseRows
from bioassay_mtl.chem.representation import DenseSize, GraphSize, InputSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import Input, SparseInput
from bioassay_mtl.nn.trees.rows import tree_columns, tree_rows

SIZES: dict[str, InputSize] = {"bits": 6, "real": DenseSize(2), "graph": GraphSize((2,), (2,), 0)}


def test_inputs_stand_side_by_side_and_zeros_of_numbers_are_told() -> None:
    sparse = SparseInput(SparseRows(np.array([0, 2, 2, 3]), np.array([1, 4, 0], np.int32), None), 6)
    real = torch.tensor([[0.0, 1.5], [2.0, 0.0], [0.0, 0.0]])
    inputs: dict[str, Input] = {"bits": sparse, "real": real}
    rows = tree_rows(inputs, SIZES, ("real", "bits"))
    assert rows.shape == (3, 8)
    assert rows.toarray()[:, :2].tolist() == real.tolist()
    assert rows.toarray()[:, 2:].tolist() == sparse.dense().tolist()
    assert np.diff(rows.indptr).tolist() == [4, 2, 3]
    plain = tree_rows({"bits": sparse.dense(), "real": real}, SIZES, ("real", "bits"))
    for name in ("indptr", "indices", "data"):
        assert (getattr(plain, name) == getattr(rows, name)).all()
    assert tree_rows(inputs, SIZES, ("bits",)).toarray().tolist() == sparse.dense().tolist()


@pytest.mark.parametrize(("name", "said"), [("graph", "no graph"), ("other", "unknown input")])
def test_what_cannot_be_read_is_refused(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        tree_columns(SIZES, ("bits", name))
