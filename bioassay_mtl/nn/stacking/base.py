"""The contract of stackings: from out-of-fold outputs of experts to weights, task by task.

Gates that learn together with their experts see what these have learned by heart. A stacking sees
what finished experts say of rows that they did not learn from, and opens to each task the experts
that help it. A method is its settings and one function; a new one is a new file that registers
itself here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import Config
from bioassay_mtl.nn.stacking.losses import BOUND_NOISE
from bioassay_mtl.nn.stacking.out_of_fold import Floats, OutOfFold, TaskOutputs
from bioassay_mtl.nn.stacking.result import Stacking
from bioassay_mtl.registry import Registry, settings_of
from bioassay_mtl.renamed import FORMER_KINDS

DEFAULT = "penalized"


class StackingMethod(Config):
    """Method by which weights are found; a kind implements :meth:`fit`.

    Parameters
    ----------
    kind
        The registered name of the kind.
    """

    kind: str

    def fit(self, held_out: OutOfFold, seed: int = 0) -> Stacking:
        """Weights of the experts for every task.

        Parameters
        ----------
        held_out
            Outputs of the experts for rows that they did not learn from.
        seed
            Seed of whatever is drawn at random.
        """
        raise NotImplementedError

    def of_experts(self, kept: Sequence[int]) -> StackingMethod:
        """The settings for some of the experts, by index."""
        return self

    def check_experts(self, n_experts: int) -> None:
        """Raise a ValueError where the settings are of another number of experts."""


stackings: Registry[type[StackingMethod]] = Registry("stacking", former_names=FORMER_KINDS)


def stacking_config(values: str | Mapping[str, Any] | StackingMethod) -> StackingMethod:
    """A stacking by its name, or by a mapping of settings with its ``kind``."""
    return settings_of(stackings, values, DEFAULT)


def uniform(held_out: OutOfFold) -> Floats:
    """``(T, E)``: the same weight for each expert that a task heard, 0 for others."""
    found: Floats = held_out.heard / held_out.heard.sum(axis=1, keepdims=True)
    return found


def combined(task: TaskOutputs, weights: Floats, bias: Floats | float = 0.0) -> Floats:
    """``(m, k)`` from the outputs of a task, by ``weights (E,)`` and ``bias (k,)``."""
    found: Floats = np.einsum("mek,e->mk", task.outputs, weights) + bias
    return found


def noise_of(task: TaskOutputs, outputs: Floats) -> float:
    """Standard deviation of values about combined ``outputs (m, k)``, from 0.1 to 10.

    Ten cells of the standard deviation 0.5 are added, so that few values decide little; bounds say
    nothing of it.
    """
    exact = task.weight if task.bounds is None else task.weight * (task.bounds == 0)
    squares = exact @ (outputs[:, 0] - task.labels) ** 2 if len(task.labels) else 0.0
    return float(np.clip(np.sqrt((squares + 10 * 0.25) / (exact.sum() + 10)), 0.1, 10))


def finished(
    held_out: OutOfFold,
    method: str,
    weights: Floats,
    bias: Floats | None = None,
    panel_weights: Floats | None = None,
) -> Stacking:
    """A stacking of weights ``(T, E)``, with what they cost on the cells.

    Parameters
    ----------
    held_out
        Outputs that the weights were fitted to.
    method
        The name of the kind.
    weights
        ``(T, E)``.
    bias
        ``(O,)``, or None for none.
    panel_weights
        ``(E,)``; without, the mean of the weights.
    """
    shift = np.zeros(held_out.n_outputs) if bias is None else bias
    kept, moved = weights.astype(np.float32), shift.astype(np.float32)
    panel = weights.mean(axis=0) if panel_weights is None else panel_weights
    losses = np.full((2, held_out.n_tasks), np.nan)
    n_cells = np.zeros(held_out.n_tasks, np.int64)
    even = uniform(held_out)
    for t in range(held_out.n_tasks):
        task = held_out.of_task(t)
        plain = combined(task, even[t])
        noise = noise_of(task, plain)
        ours = combined(
            task, kept[t].astype(np.float64), moved[held_out.owner == t].astype(np.float64)
        )
        losses[:, t] = task.mean_loss(plain, noise), task.mean_loss(ours, noise)
        n_cells[t] = len(task.labels)
    return Stacking(
        kept, moved, held_out.owner, panel.astype(np.float32), method, n_cells, losses[0], losses[1]
    )


def fit_stacking(
    outputs: NDArray[Any],
    cells: Any,
    kinds: Any,
    counts: Any = None,
    *,
    method: str | Mapping[str, Any] | StackingMethod = DEFAULT,
    weight: NDArray[Any] | None = None,
    bound_noise: float = BOUND_NOISE,
    seed: int = 0,
) -> Stacking:
    """Weights of E experts for T tasks, from their outputs for rows they did not learn from.

    Parameters
    ----------
    outputs, cells, kinds, counts, weight, bound_noise
        See :class:`OutOfFold`; without `counts`, each task has one output.
    method
        The name of a stacking, or its settings.
    seed
        Seed of whatever is drawn at random.
    """
    numbers = np.ones(len(kinds), np.int64) if counts is None else np.asarray(counts, np.int64)
    held_out = OutOfFold(np.asarray(outputs), cells, tuple(kinds), numbers, weight, bound_noise)
    return stacking_config(method).fit(held_out, seed)
