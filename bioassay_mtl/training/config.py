"""Every setting of a training run, in one frozen mapping that travels with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SerializeAsAny, field_validator, model_validator

from bioassay_mtl.balance import balance_config
from bioassay_mtl.balance.losses import CellLoss, PositiveWeight, ValueLoss, loss_config
from bioassay_mtl.balance.reductions import reductions
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.chem.molecule import DEFAULT_MAX_ATOMS, Standardizing
from bioassay_mtl.config import Config, Setting, given_as
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn import network_config
from bioassay_mtl.nn.devices import device_name
from bioassay_mtl.registry import tell_faults
from bioassay_mtl.renamed import FORMER_SPELLING, attribute
from bioassay_mtl.splits import SplitConfig
from bioassay_mtl.training.sampling import Sampling, sampling_config

Share = Annotated[float, Field(ge=0, lt=1)]
Logger = Literal["csv", "tensorboard"]

DEFAULT_FINGERPRINTS: dict[str, dict[str, Any]] = {
    "morgan": {"kind": "morgan", "n_bits": 4096, "counts": True},
    "torsion": {"kind": "torsion", "n_bits": 2048, "counts": True},
    "atom_pair": {"kind": "atom_pair", "n_bits": 2048, "counts": True},
}


GRAPH_LAYERS: dict[str, Any] = {
    "kind": "dmpnn",
    "hidden": 300,
    "depth": 3,
    "pooling": "sum",
    "learning_rate_factor": 0.3,
}
"""Settings of an expert that reads graphs: what ``python -m benchmarks.graph_study`` compares,
where it has better validation scores than GINE, in less time."""

ONE_GROUP = {
    "mmoe": "experts.inputs",
    "shared_bottom": "bottom.inputs",
    "boosted_trees": "inputs",
    "forest": "inputs",
    "low_dimensional": "inputs",
}
"""Settings by which architectures say what all of them reads; they depend on the user's inputs."""


def default_network(inputs: Mapping[str, Mapping[str, Any]]) -> Config:
    """One expert for each input, two for the first: what won the study on PCBA."""
    experts = [
        {"inputs": (name,), "n": 1 if number else 2, "width": 600}
        | (GRAPH_LAYERS if settings["kind"] == "graph" else {"depth": 2, "dropout": 0.4})
        for number, (name, settings) in enumerate(inputs.items())
    ]
    gate, tower = {"kind": "static", "weight_decay": 10.0}, {"kind": "per_expert"}
    return network_config({"experts": experts, "gate": gate, "tower": tower})


def _device(name: str) -> str:
    return name if name == "auto" else device_name(name)


class TrainingConfig(Config):
    """Settings of one training run; the defaults are those that the study on PCBA chose.

    A setting that is not given is chosen for the panel (:mod:`bioassay_mtl.training.defaults`), and
    only where that chooses nothing are these in effect.

    Parameters
    ----------
    fingerprints
        Name of each input -> settings of its fingerprint, graph or descriptors, by ``kind``. It may
        also be written as ``inputs``.
    max_atoms
        Larger molecules are not trained on, and get the status ``too_large`` in a screen.
    standardize
        Whether molecules are standardized (salts stripped, charges neutralized; ``tautomer``: the
        canonical tautomer too) before anything is computed of them, in training and ever after. A
        panel that was read so brings it; splits see molecules as the panel has them.
    network
        Architecture, by ``kind``: ``mmoeex``, ``mmoe``, ``shared_bottom``, ``low_dimensional``.
    effort
        Effort that is spent on a panel whose network is not set: ``quick``, a network alone;
        ``normal``, trees beside it where the panel is small, under gates fitted out of fold
        (:mod:`bioassay_mtl.training.effort`); ``thorough``, also on larger panels, and graphs.
    start_from
        Name or folder of a trained model whose experts the run starts with, under new gates and
        towers; its inputs, ``max_atoms`` and experts are taken over where these are not set
        (:mod:`bioassay_mtl.training.warm_start`).
    split
        Split into rows that are trained on, stopped on (``valid``) and reported on (``test``).
    sampling
        Sampling of the rows of an epoch: ``uniform`` (each once) or ``balanced`` (as many, drawn so
        that rare outcomes are seen more often), or settings by ``kind``.
    loss
        Loss of a measured cell of a binary task: ``bce``, ``focal`` or ``asymmetric``, or its
        settings by ``kind``.
    value_loss
        Loss of a measured value: ``huber``, beyond which errors count less than squared, and
        ``noise``, how sharp bounds of censored values are (both in standard deviations of the
        task).
    positive_weight
        Weight of the loss of actives per task: ``none``, ``full`` (inactives : actives) or its
        ``sqrt``; of a class likewise, against the most frequent class of its task.
    task_weights
        Factors of the losses of tasks, by the name of a task or of a kind (``regression``).
    reduction
        Reduction of the cells of a task to its loss: ``sum`` (per molecule: assays with more cells
        weigh more) or ``mean_per_task`` (every assay weighs the same).
    balance
        Balancer that makes one update of the losses of all tasks: its name (``sum``), or its
        settings by ``kind``.
    expert_loss
        Weight of the mean loss of the experts, each predicting alone all tasks that it serves,
        beside the loss of the mixture: above 0, experts learn as members of an ensemble do.
    decoupled
        Whether the loss of the mixture stops at the gates, so that experts learn from their own
        losses alone. Without ``expert_loss`` it has no effect.
    calibrate
        Whether probabilities are calibrated where that helps, and the predictions of
        molecules that it had not learned from are kept, as evidence of how sure predictions are
        (:mod:`bioassay_mtl.training.evidence`).
    epochs
        Passes over the training rows; without validation rows, exactly so many.
    patience
        Epochs without a better score on the validation rows before stopping: macro average
        precision, or with tasks that are not binary the mean skill
        (:class:`bioassay_mtl.training.score.ValidationScore`).
    batch_size
        Molecules per step; None for about 30 steps an epoch (32 to 1,024 molecules each).
    learning_rate, weight_decay
        Settings of AdamW (decoupled; not applied to biases).
    schedule
        After the warm-up: ``cosine`` or ``linear`` to 2 % of the rate, or ``constant``.
    warmup
        Share of all steps in which the learning rate rises from 0.
    gradient_clip
        Largest norm of the gradient; None for no bound.
    average
        Decay of the moving average of the weights that is evaluated and kept; 0 keeps the last.
    precision
        Precision of the products of the forward and backward pass: ``float32``; ``tf32``, float32
        with factors of 10 bits on CUDA devices (refused on others), the choice there for speed; or
        ``bfloat16``, where memory is short. Nothing is rounded unless it is asked for, and weights,
        losses and predictions are float32 whatever is asked for.
    seed
        Seed of initial weights, order of rows and dropout.
    device
        ``cpu``, ``cuda``, ``cuda:N`` (the Nth of several, from 0), ``mps``, or ``auto`` (cuda where
        there is one, else cpu).
    devices
        Number of devices that train together, each on its share of every batch; on ``cpu``,
        processes. ``auto`` for all CUDA devices, or one process. A seed gives the same result on
        the same number.
    loggers
        ``csv`` and ``tensorboard`` (needs the extra of that name).
    domain
        Facts of its training molecules that the model's folder keeps, to tell which are near a new
        one: ``structures`` (SMILES, fingerprints and labels), ``fingerprints`` (no SMILES) or
        ``none``.
    """

    fingerprints: Annotated[
        Setting[dict[str, dict[str, Any]], Mapping[str, Mapping[str, Any]]], Field(min_length=1)
    ] = given_as(DEFAULT_FINGERPRINTS)
    max_atoms: Annotated[int, Field(gt=0)] = DEFAULT_MAX_ATOMS
    standardize: Standardizing = False
    former_names = FORMER_SPELLING
    standardise = attribute("standardise", "standardize")
    network: Setting[SerializeAsAny[Config], Config | Mapping[str, Any] | None] = given_as(None)
    effort: Literal["quick", "normal", "thorough"] = "normal"
    start_from: str | None = None
    split: Setting[SplitConfig, SplitConfig | Mapping[str, Any]] = given_as({})
    sampling: Setting[SerializeAsAny[Sampling], Sampling | Mapping[str, Any] | str] = given_as(
        "uniform"
    )
    loss: Setting[SerializeAsAny[CellLoss], CellLoss | Mapping[str, Any] | str] = given_as("bce")
    value_loss: Setting[ValueLoss, ValueLoss | Mapping[str, Any]] = given_as({})
    positive_weight: PositiveWeight = "none"
    task_weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    reduction: Annotated[str, AfterValidator(reductions.known)] = "sum"
    balance: Setting[SerializeAsAny[Config], Config | Mapping[str, Any] | str] = given_as("sum")
    expert_loss: Annotated[float, Field(ge=0)] = 1.0
    decoupled: bool = True
    calibrate: bool = True
    epochs: Annotated[int, Field(ge=1)] = 12
    patience: Annotated[int, Field(ge=1)] = 5
    batch_size: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 16e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1.0
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: Share = 0.08
    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    average: Share = 0.99
    precision: Literal["float32", "tf32", "bfloat16"] = "float32"
    seed: Annotated[int, Field(ge=0)] = 0
    device: Annotated[str, AfterValidator(_device)] = "auto"
    devices: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    loggers: Setting[tuple[Logger, ...], Sequence[Logger]] = given_as(("csv",))
    domain: Literal["structures", "fingerprints", "none"] = "structures"
    if TYPE_CHECKING:  # the other name of fingerprints, which no attribute has
        inputs: InitVar[Mapping[str, Mapping[str, Any]]] = {}

    def featurizer(self) -> Featurizer:
        """Featurizer of the inputs."""
        return Featurizer.from_config(
            {
                "fingerprints": self.fingerprints,
                "max_atoms": self.max_atoms,
                "standardize": self.standardize,
            }
        )

    @property
    def columns_read(self) -> tuple[str, ...]:
        """Columns of the user's table that are inputs."""
        columns = (each for each in self.fingerprints.values() if each["kind"] == "columns")
        return tuple(name for each in columns for name in each["names"])

    @model_validator(mode="before")
    @classmethod
    def _inputs(cls, values: Any) -> Any:
        tell_faults()  # who installed a kind may take it for one that is built in
        if not isinstance(values, Mapping) or "inputs" not in values:
            return values
        if "fingerprints" in values:
            raise ConfigError("inputs and fingerprints are two names of one setting: give one")
        return {"fingerprints" if k == "inputs" else k: value for k, value in values.items()}

    @field_validator("fingerprints")
    @classmethod
    def _known_fingerprints(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {name: fingerprint_from(each).model_dump() for name, each in value.items()}

    @field_validator("sampling", mode="before")
    @classmethod
    def _known_sampling(cls, value: Any) -> Sampling:
        return sampling_config(value)

    @field_validator("loss", mode="before")
    @classmethod
    def _known_loss(cls, value: Any) -> CellLoss:
        return loss_config(value)

    @field_validator("balance", mode="before")
    @classmethod
    def _known_balancer(cls, value: Any) -> Config:
        return balance_config(value)

    @field_validator("network", mode="before")
    @classmethod
    def _known_network(cls, value: Any, info: Any) -> Config:
        inputs = info.data.get("fingerprints", {})
        if value is None:
            return default_network(inputs)
        kind = value.get("kind") if isinstance(value, Mapping) else None
        needed = ONE_GROUP.get(kind) if isinstance(kind, str) else None
        if needed and needed.partition(".")[0] not in value:
            raise ConfigError(
                f"network: {kind} needs the inputs that it reads, such as "
                f"network.{needed}=[{','.join(inputs)}]"
            )
        network = network_config(value)
        if network.kind == "ensemble":  # type: ignore[attr-defined]
            raise ValueError("an ensemble is joined from trained models, not trained as a whole")
        return network
