"""The sums of trees over sparse rows, by XGBoost: it reads trees that were checked, written anew.

Whoever grew the trees, they are written as a model of XGBoost in memory, in its binary JSON (UBJ,
`the format of its documentation <https://xgboost.readthedocs.io/en/stable/tutorials/saving_model
.html>`_, in a version that it reads since 2.0).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from itertools import pairwise
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
    """Sums, for each row and output, of the leaves that it comes to.

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


def _trees(trees: Trees, n_columns: int) -> Iterator[_Written]:
    """Each tree, written by cutting its share out of what all nodes are written as."""
    first = np.repeat(trees.starts[:-1], np.diff(trees.starts))
    left = trees.left
    inner = np.flatnonzero(left >= 0)
    parents = np.full(len(left), _NO_PARENT, np.int32)
    for side in (0, 1):
        parents[first[inner] + left[inner] + side] = inner - first[inner]
    right = np.where(left >= 0, left + 1, -1).astype(np.int32)
    nothing = np.zeros(len(left), np.float32)
    fields: dict[str, NDArray[Any]] = {
        "base_weights": nothing,
        "default_left": trees.missing_left.astype(np.uint8),
        "left_children": left,
        "loss_changes": nothing,
        "parents": parents,
        "right_children": right,
        "split_conditions": trees.number,
        "split_indices": trees.column,
        "split_type": np.zeros(len(left), np.uint8),
        "sum_hessian": trees.cover,
    }
    held = [
        (_key(name) + _opening(array), _big_endian(array), array.itemsize)
        for name, array in fields.items()
    ]
    none = {
        "categories": np.zeros(0, np.int32),
        "categories_nodes": np.zeros(0, np.int32),
        "categories_segments": np.zeros(0, np.int64),
        "categories_sizes": np.zeros(0, np.int64),
    }
    same = b"".join(_key(name) + b"".join(_written(array)) for name, array in none.items())
    ends = trees.starts.tolist()
    for k, (start, end) in enumerate(pairwise(ends)):
        size = struct.pack(">q", end - start)
        parts = [b"{", same, _key("id"), b"L", struct.pack(">q", k)]
        for opening, text, width in held:
            parts += [opening, size, text[start * width : end * width]]
        param = {
            "num_deleted": "0",
            "num_feature": str(n_columns),
            "num_nodes": str(end - start),
            "size_leaf_vector": "1",
        }
        yield _Written(b"".join([*parts, _key("tree_param"), *_written(param), b"}"]))


class _Written(bytes):
    """Position up to which all is written."""


_MARKERS = {"uint8": b"U", "int32": b"l", "int64": b"L", "float32": b"d"}


def _written(value: Any) -> Iterator[bytes]:
    """Universal Binary JSON, arrays with one type for all."""
    if isinstance(value, _Written):
        yield value
    elif isinstance(value, Mapping):
        yield b"{"
        for key, each in value.items():
            yield _key(key)
            yield from _written(each)
        yield b"}"
    elif isinstance(value, np.ndarray):
        yield _opening(value) + struct.pack(">q", len(value)) + _big_endian(value)
    elif isinstance(value, list):
        yield b"[#L" + struct.pack(">q", len(value))
        for each in value:
            yield from _written(each)
    elif isinstance(value, str):
        yield b"S" + _key(value)
    else:
        yield b"L" + struct.pack(">q", value)


def _key(text: str) -> bytes:
    return b"L" + struct.pack(">q", len(text.encode())) + text.encode()


def _opening(array: NDArray[Any]) -> bytes:
    return b"[$" + _MARKERS[array.dtype.name] + b"#L"


def _big_endian(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder(">")).tobytes()
