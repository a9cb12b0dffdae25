"""Connections of experts and tasks: the ``(T, E)`` boolean matrix that all kinds compile to.

Kinds follow MMoEEx (arXiv 2106.10595, section 3.2) and extend it: with 128 assays, an expert that
serves one of them is wasted on the rest, so experts can be given to groups of assays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from bioassay_mtl.config import Config, did_you_mean
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import Registry

Connections = NDArray[np.bool_]
connection_kinds: Registry[Rule] = Registry("connection kind")


class ConnectionConfig(Config):
    """Settings of the connection matrix.

    Parameters
    ----------
    kind
        ``none`` (all open); ``exclusivity`` (an exclusive expert serves exactly one random task);
        ``exclusion`` (an exclusive expert serves all tasks but some, at least one);
        ``groups`` (an exclusive expert serves one group of tasks); ``matrix`` (as given).
    share
        Share of the experts that are exclusive, rounded to a number of experts.
    closed
        ``exclusion`` only: share of the tasks that an exclusive expert is closed to.
    groups
        ``groups`` only: the group of each task, by task name. Tasks that are not named are served
        by the open experts alone.
    matrix
        ``matrix`` only: one row a task, one column an expert.
    seed
        Seed of the random choices.
    """

    kind: Annotated[str, AfterValidator(connection_kinds.known)] = "none"
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    closed: Annotated[float, Field(ge=0, lt=1)] = 0.0
    groups: dict[str, str] | None = None
    matrix: tuple[tuple[bool, ...], ...] | None = None
    seed: Annotated[int, Field(ge=0)] = 0


Rule = Callable[[ConnectionConfig, Sequence[str], int, np.random.Generator], Connections]


def connection_matrix(
    config: ConnectionConfig, tasks: Sequence[str], n_experts: int
) -> Connections:
    """Compile a configuration to its ``(T, E)`` matrix: True where a task may use an expert.

    Raises
    ------
    ConfigError
        A task would be left without an open expert, or an expert without a task.
    """
    rng = np.random.default_rng(config.seed)
    matrix = connection_kinds[config.kind](config, tasks, n_experts, rng)
    check_connections(matrix, tasks)
    return matrix


def check_connections(matrix: Connections, tasks: Sequence[str]) -> None:
    """Raise a ConfigError unless every task has an expert and every expert a task."""
    lonely = [tasks[int(row)] for row in np.flatnonzero(~matrix.any(axis=1))]
    if lonely:
        raise ConfigError(
            f"connections: {len(lonely)} tasks have no open expert, such as {lonely[0]!r}; "
            "lower the share of exclusive experts, or open a connection"
        )
    idle = np.flatnonzero(~matrix.any(axis=0))
    if len(idle):
        raise ConfigError(f"connections: experts {idle.tolist()} serve no task")


def _exclusive(config: ConnectionConfig, n_experts: int) -> range:
    """The exclusive experts: the last ones."""
    return range(n_experts - round(config.share * n_experts), n_experts)


@connection_kinds.register("none")
def none(
    config: ConnectionConfig, tasks: Sequence[str], n_experts: int, rng: np.random.Generator
) -> Connections:
    """Every task may use every expert (MMoE)."""
    return np.ones((len(tasks), n_experts), dtype=bool)


@connection_kinds.register("exclusivity")
def exclusivity(
    config: ConnectionConfig, tasks: Sequence[str], n_experts: int, rng: np.random.Generator
) -> Connections:
    """An exclusive expert serves exactly one random task."""
    matrix = np.ones((len(tasks), n_experts), dtype=bool)
    experts = _exclusive(config, n_experts)
    owners = rng.choice(len(tasks), len(experts), replace=len(experts) > len(tasks))
    matrix[:, experts] = False
    matrix[owners, experts] = True
    return matrix


@connection_kinds.register("exclusion")
def exclusion(
    config: ConnectionConfig, tasks: Sequence[str], n_experts: int, rng: np.random.Generator
) -> Connections:
    """An exclusive expert serves all tasks but a random share of them (at least one task)."""
    matrix = np.ones((len(tasks), n_experts), dtype=bool)
    n_closed = min(max(1, round(config.closed * len(tasks))), len(tasks) - 1)
    for expert in _exclusive(config, n_experts):
        matrix[rng.choice(len(tasks), n_closed, replace=False), expert] = False
    # Where all experts are exclusive, a task may have drawn the short straw in each.
    for task in np.flatnonzero(~matrix.any(axis=1)):
        matrix[task, rng.integers(n_experts)] = True
    return matrix


@connection_kinds.register("groups")
def groups(
    config: ConnectionConfig, tasks: Sequence[str], n_experts: int, rng: np.random.Generator
) -> Connections:
    """Exclusive experts are dealt out to the groups of tasks in turn."""
    if not config.groups:
        raise ConfigError("connections: kind 'groups' needs the group of each task")
    for task in config.groups:
        if task not in tasks:
            raise ConfigError(
                f"connections: groups: no task {task!r} ({did_you_mean(task, tasks)})"
            )
    names = sorted(set(config.groups.values()))
    matrix = np.ones((len(tasks), n_experts), dtype=bool)
    for turn, expert in enumerate(_exclusive(config, n_experts)):
        group = names[turn % len(names)]
        matrix[:, expert] = [config.groups.get(task) == group for task in tasks]
    return matrix


@connection_kinds.register("matrix")
def matrix(
    config: ConnectionConfig, tasks: Sequence[str], n_experts: int, rng: np.random.Generator
) -> Connections:
    """Connections, as the user gave them."""
    rows = config.matrix or ()
    if len({len(row) for row in rows}) > 1:
        raise ConfigError("connections: the rows of the matrix differ in length")
    given = np.asarray(rows, dtype=bool)
    if given.shape != (len(tasks), n_experts):
        raise ConfigError(
            f"connections: the matrix needs {len(tasks)} tasks x {n_experts} experts, "
            f"found {given.shape}"
        )
    return given
