"""Settings of networks of low dimension, and how many numbers they learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from bioassay_mtl.config import Config
from bioassay_mtl.nn.expansions import expansions
from bioassay_mtl.nn.experts.base import activations

Count = Annotated[int, Field(ge=1)]
_OF_MIXTURES = {
    "experts": "its one expert is of inputs, width, depth, dropout and activation",
    "gate": "gates mix what experts say, and the coordinates of a task mix their weights",
    "tower": "a linear head, whose weights are a part of those of the task, stands in its place",
}
"""Settings of a mixture, and why there are none here."""


class LowDimensionalConfig(Config):
    """Architecture of :class:`~bioassay_mtl.nn.architectures.low_dimensional.LowDimensional`.

    Parameters
    ----------
    inputs
        Names of the fingerprints and descriptors that each task's network reads, side by side.
    width, depth, dropout, activation
        Settings of each task's network, as of an expert of kind ``mlp``; a linear head follows.
    form
        ``columns``: ``theta_t = theta_0 + [P_1 w_1 ... P_k w_k] a_t``; ``product``, cheaper:
        ``theta_t = theta_0 + P W a_t``, W (l, k); ``single``: each task alone, ``theta_0 +
        P w_t``; ``free``: each task alone, all D weights learned, for comparison.
    coordinates
        k, the numbers of each task; for ``single`` its whole dimension.
    shared
        l, of which ``product`` and ``columns`` share l k numbers.
    expansion
        Name in the registry of expansions, which make P.
    origin
        theta_0: from the ``seed``, or a ``model``'s first expert (``start_from``, ``--from``).
    seed
        Seed of P, and of theta_0.
    weight_decay
        Weight decay of the learned numbers but the biases, in place of the run's.
    learning_rate_factor
        Share of the run's learning rate at which coordinates and directions learn: there are few of
        them, and each moves all weights. Biases and ``free`` weights learn at the run's.
    """

    kind: Literal["low_dimensional"] = "low_dimensional"
    inputs: Annotated[tuple[str, ...], Field(min_length=1)]
    width: Count = 64
    depth: Count = 2
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    activation: Annotated[str, AfterValidator(activations.known)] = "relu"
    form: Literal["product", "columns", "single", "free"] = "columns"
    coordinates: Count = 10
    shared: Count = 250
    expansion: Annotated[str, AfterValidator(expansions.known)] = "kronecker"
    origin: Literal["seed", "model"] = "seed"
    seed: Annotated[int, Field(ge=0)] = 0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    learning_rate_factor: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="before")
    @classmethod
    def _no_mixture(cls, values: Any) -> Any:
        for name in _OF_MIXTURES.keys() & (values if isinstance(values, Mapping) else {}):
            raise ValueError(f"a low_dimensional network has no {name}: {_OF_MIXTURES[name]}")
        return values

    @property
    def shares(self) -> bool:
        """Whether tasks share a learned subspace."""
        return self.form in ("product", "columns")

    def n_numbers(self, n_tasks: int, n_outputs: int, n_weights: int) -> int:
        """Numbers that are learned in all, the bias of each output among them.

        Parameters
        ----------
        n_tasks, n_outputs
            Numbers of tasks and outputs of the panel, n and O.
        n_weights
            D, of a task's network.
        """
        of_task = n_weights if self.form == "free" else self.coordinates
        of_all = self.shared * self.coordinates if self.shares else 0
        return of_all + n_tasks * of_task + n_outputs
