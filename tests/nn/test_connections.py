"""Every kind compiles to a (T, E) matrix in which no task and no expert is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.connections import ConnectionConfig, connection_matrix

TASKS = [f"assay-{t}" for t in range(12)]


@given(
    st.sampled_from(["none", "exclusivity", "exclusion"]),
    st.integers(2, 8),
    st.floats(0, 0.8),
    st.floats(0, 0.9),
    st.integers(0, 5),
)
def test_nobody_is_left_alone(
    kind: str, n_experts: int, share: float, closed: float, seed: int
) -> None:
    config = ConnectionConfig(kind=kind, share=share, closed=closed, seed=seed)
    if kind == "exclusivity" and round(share * n_experts) == n_experts:
        return
    matrix = connection_matrix(config, TASKS, n_experts)
    assert matrix.shape == (12, n_experts)
    assert matrix.any(axis=0).all()
    assert matrix.any(axis=1).all()
    assert (matrix == connection_matrix(config, TASKS, n_experts)).all()


def test_exclusivity_serves_one_task_each() -> None:
    matrix = connection_matrix(ConnectionConfig(kind="exclusivity", share=0.5), TASKS, 6)
    assert matrix.sum(axis=0).tolist() == [12, 12, 12, 1, 1, 1]


def test_exclusion_serves_all_but_one_by_default() -> None:
    matrix = connection_matrix(ConnectionConfig(kind="exclusion", share=0.5), TASKS, 4)
    assert matrix.sum(axis=0).tolist() == [12, 12, 11, 11]


def test_groups_serve_their_members() -> None:
    groups = {task: "first" if i < 5 else "second" for i, task in enumerate(TASKS[:10])}
    matrix = connection_matrix(ConnectionConfig(kind="groups", groups=groups), TASKS, 6)
    assert matrix.sum(axis=0).tolist() == [12, 12, 12, 5, 5, 5]
    assert not matrix[10:, 3:].any()


def test_groups_of_unknown_tasks_are_refused() -> None:
    config = ConnectionConfig(kind="groups", groups={"assay-0": "first", "asay-11": "second"})
    with pytest.raises(ConfigError, match=r"no task 'asay-11' \(did you mean 'assay-11'\?\)"):
        connection_matrix(config, TASKS, 4)


def test_a_task_without_expert_is_refused() -> None:
    with pytest.raises(ConfigError, match="no open expert"):
        connection_matrix(ConnectionConfig(kind="exclusivity", share=1.0), TASKS, 4)


def test_a_matrix_of_the_wrong_shape_is_refused() -> None:
    config = ConnectionConfig(kind="matrix", matrix=((True, False),))
    with pytest.raises(ConfigError, match="12 tasks x 2 experts"):
        connection_matrix(config, TASKS, 2)
    assert np.asarray(config.matrix).shape == (1, 2)
