"""The sums of trees over sparse rows, by XGBoost: it reads trees that were checked, written anew.

Whoever grew the trees, they are written as a model of XGBoost in memory, in its binary JSON (UBJ,
`the format of its documentation <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model
.html>`_, in a version that it reads since 2.0).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import MissingExtraError
from bioassay_mtl.nn.trees.nodes import Trees

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NO_PARENT = 2**31 - 1


def load_xgboost() -> Any:
    """The package.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import xgboost
    except ImportError:
        raise MissingExtraError("xgboost", "trees") from None
    return xgboost


class TreeSums:
    """For each row the sum, by output, of the leaves that it comes to.

    Parameters
    ----------
    trees
        They must be checked (:func:`checked_trees`).
    n_columns, n_outputs
        F and O.

    Raises
    ------
    MissingExtraError
        XGBoost is not installed.
    """

    def __init__(self, trees: Trees, n_columns: int, n_outputs: int) -> None:
        self.n_outputs = n_outputs
        self.booster: Any = None
        if len(trees):
            xgboost = load_xgboost()
            self.booster = xgboost.Booster({"nthread": 1})
            self.booster.load_model(bytearray(as_ubj(trees, n_columns, n_outputs)))

    def __call__(self, rows: csr_matrix, n_threads: int = 1) -> NDArray[np.float32]:
        """``(B, O) float32`` for ``(B, F)``; no sum depends on the other rows."""
        if self.booster is None or not rows.shape[0]:
            return np.zeros((rows.shape[0], self.n_outputs), np.float32)
        self.booster.set_param({"nthread": n_threads})
        found: NDArray[np.float32] = self.booster.inplace_predict(rows, predict_type="margin")
        return found.reshape(rows.shape[0], self.n_outputs)


def as_ubj(trees: Trees, n_columns: int, n_outputs: int) -> bytes:
    """A model of XGBoost with these trees, no base score, and sums as its predictions."""
    is_one = n_outputs == 1
    objective: dict[str, Any] = {"name": "reg:squarederror", "reg_loss_param": {}}
    objective["reg_loss_param"] = {"scale_pos_weight": "1"}
    if not is_one:
        param = {"num_class": str(n_outputs)}
        objective = {"name": "multi:softprob", "softmax_multiclass_param": param}
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
        "iteration_indptr": [0, len(trees)],
        "tree_info": trees.output.tolist(),
        "trees": [*_trees(trees, n_columns)],
    }
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {
            "base_score": "0E0",
            "boost_from_average": "0",
            "num_class": "0" if is_one else str(n_outputs),
            "num_feature": str(n_columns),
            "num_target": "1",
        },
        "objective": objective,
    }
    return b"".join(_written({"learner": learner, "version": [2, 0, 0]}))


def _trees(trees: Trees, n_columns: int) -> Any:
    column, number, cover = trees.column, trees.number, trees.cover
    missing_left = trees.missing_left.astype(np.uint8)
    for k, (start, end) in enumerate(zip(trees.starts[:-1], trees.starts[1:], strict=True)):
        part, n = slice(start, end), int(end - start)
        left = trees.left[part]
        inner = np.flatnonzero(left >= 0)
        right = np.where(left >= 0, left + 1, -1).astype(np.int32)
        parents = np.full(n, _NO_PARENT, np.int32)
        parents[left[inner]] = parents[right[inner]] = inner
        nothing = np.zeros(n, np.float32)
        none = np.zeros(0, np.int32)
        yield {
            "base_weights": nothing,
            "categories": none,
            "categories_nodes": none,
            "categories_segments": np.zeros(0, np.int64),
            "categories_sizes": np.zeros(0, np.int64),
            "default_left": missing_left[part],
            "id": k,
            "left_children": left,
            "loss_changes": nothing,
            "parents": parents,
            "right_children": right,
            "split_conditions": number[part],
            "split_indices": column[part],
            "split_type": np.zeros(n, np.uint8),
            "sum_hessian": cover[part],
            "tree_param": {
                "num_deleted": "0",
                "num_feature": str(n_columns),
                "num_nodes": str(n),
                "size_leaf_vector": "1",
            },
        }


_MARKERS = {"uint8": b"U", "int32": b"l", "int64": b"L", "float32": b"d"}


def _written(value: Any) -> Any:
    """Universal Binary JSON, arrays with one type for all."""
    if isinstance(value, Mapping):
        yield b"{"
        for key, each in value.items():
            yield _length(key.encode()) + key.encode()
            yield from _written(each)
        yield b"}"
    elif isinstance(value, np.ndarray):
        marker = _MARKERS[value.dtype.name]
        yield b"[$" + marker + b"#L" + struct.pack(">q", len(value))
        yield value.astype(value.dtype.newbyteorder(">")).tobytes()
    elif isinstance(value, list):
        yield b"[#L" + struct.pack(">q", len(value))
        for each in value:
            yield from _written(each)
    elif isinstance(value, str):
        yield b"S" + _length(value.encode()) + value.encode()
    else:
        yield b"L" + struct.pack(">q", value)


def _length(text: bytes) -> bytes:
    return b"L" + struct.pack(">q", len(text))
