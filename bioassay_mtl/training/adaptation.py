"""``adapt``: a new assay from few molecules, by the k numbers of a task on known directions.

The directions of a model of low dimension were learned from many assays. A new one chooses among
them: its coordinates and its bias are the most probable ones, where before any molecule is seen
coordinates are as likely as those of the model's own assays were spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from bioassay_mtl.chem.features import Features
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, counted
from bioassay_mtl.models.coded import code_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn import build_network
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.nn.pairs import Pairs
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.fit import label_counts, measure, training_molecules
from bioassay_mtl.training.usable import usable_parts

BIAS_STEP, LARGEST_BIAS = 0.25, 8.0
"""Biases of assays that can be certified are multiples of the step, up to the largest."""
_STEPS = 300


class AdaptationConfig(Config):
    """Settings of learning a new assay.

    Parameters
    ----------
    prior
        Weight of the spread of the model's own assays, in place of 1: above, fewer molecules are
        believed less.
    test_share
        Share of the rows that are left out and reported on, with as large a share of the actives of
        each assay.
    seed
        Seed of that draw.
    """

    prior: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def split(self) -> SplitConfig:
        """Split of the rows into those that are learned from and those that are left out."""
        fractions = (1 - self.test_share, 0.0, self.test_share)
        return SplitConfig(kind="stratified", fractions=fractions, seed=self.seed)


def adapt(
    model: Model,
    panel: Panel,
    config: AdaptationConfig | Mapping[str, Any] | None = None,
    *,
    parts: Split | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    features: Features | None = None,
) -> Model:
    """A model of new binary assays, whose k numbers each are learned and nothing else.

    Parameters
    ----------
    model
        Model of the architecture ``low_dimensional`` with shared directions. Coordinates of a coded
        one are rounded to its codebook, so that the new assays can be certified.
    panel
        The new assays; from about 20 molecules on.
    config
        Settings, or a mapping of them.
    parts
        Rows to learn from and to report on; None for :attr:`AdaptationConfig.split`.
    out
        Folder to write.
    workers, features
        Processes that featurize; or features of all rows.

    Raises
    ------
    ConfigError
        The model shares no directions, or an assay is not binary.
    InputError
        No row can be learned from.
    """
    settings = AdaptationConfig.of(config or {})
    _check(model, panel)
    features = features or panel_features(panel, model.featurizer, workers)
    parts = usable_parts(parts or split(panel, settings.split), features, panel)
    rows = np.concatenate([parts.train, parts.valid])
    network = _network_for(model, panel)
    levels = _levels(model)
    data = _Data.of(model, network, features.take(rows), panel.cells.take(rows))
    _learn(network, data, *_prior(model), settings.prior)
    if levels is not None:
        _round(network, data, levels)
    found = Model(
        network=network.float(),
        network_config=model.network_config,
        featurizer=model.featurizer,
        tasks=panel.tasks,
        label_counts=label_counts(panel.take(rows)),
        name="model" if out is None else Path(out).name,
        scalings=model.scalings,
        training={
            "config": {"split": settings.split.model_dump(mode="json")},
            "panel_sha256": panel.digest(),
            "rows": {part: len(getattr(parts, part)) for part in ("train", "valid", "test")},
            "rows_left_out": parts.left_out,
            "history": [],
            "best_epoch": 0,
            "adapted": {
                "from": model.name,
                "prior": settings.prior,
                "levels": None if levels is None else levels.tolist(),
            },
        },
        training_molecules=training_molecules(panel, parts, model.featurizer),
    )
    measure(found, panel, features, parts, {})
    if out is not None:
        found.save(out)
    return found


def _check(model: Model, panel: Panel) -> None:
    config = model.network_config
    if not isinstance(config, LowDimensionalConfig) or not config.shares:
        raise ConfigError(
            f"{model.name!r} has no directions that tasks share: adapt a model that was trained "
            "with network.kind low_dimensional and network.form columns or product, or train "
            "with start_from"
        )
    strange = [t for t, k in zip(panel.tasks, panel.kinds, strict=True) if not k.has_actives]
    if strange:
        are = "is" if len(strange) == 1 else "are"
        raise ConfigError(
            f"new assays must be binary, and {counted(len(strange), 'assay')} of "
            f"{len(panel.tasks):,} {are} not ({some(strange, 3)}): "
            "leave out what is not, or train with start_from"
        )


def _network_for(model: Model, panel: Panel) -> Any:
    """A network of the new tasks with the directions of the model."""
    with Draws(0).used():
        network: Any = build_network(
            model.network_config, model.featurizer.input_sizes, panel.tasks
        )
    kept = {n: v for n, v in model.network.state_dict().items() if n.startswith("space.")}
    network.load_state_dict(network.state_dict() | kept)
    return network.requires_grad_(False).double()


def _levels(model: Model) -> NDArray[np.float32] | None:
    code = code_of(model.network)
    if code is None:
        return None
    return next(array.levels for array in code.arrays if array.name == "tower.coordinates")


def _prior(model: Model) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation ``(k,)`` of the coordinates of the model\'s own assays."""
    known: Tensor = model.network.state_dict()["tower.coordinates"].double().cpu()
    if len(known) < 2:
        return known.mean(0), torch.ones_like(known[0])
    return known.mean(0), known.std(0).clamp_min(0.05)


@dataclass(frozen=True)
class _Data:
    """Data that new assays are learned from.

    Parameters
    ----------
    experts
        ``(n, 1, H (1 + k))`` products of the first layer.
    pairs, labels
        Measured cells, and whether they are active, ``(m,)``.
    cells
        The same.
    """

    experts: Tensor
    pairs: Pairs
    labels: Tensor
    cells: MeasuredCells

    @staticmethod
    def of(model: Model, network: Any, features: Features, cells: MeasuredCells) -> _Data:
        h = model.network.width
        experts = torch.from_numpy(model.embed_features(features)).double().view(-1, 1, h)
        row, task = (torch.from_numpy(np.asarray(a, np.int64)) for a in (cells.row, cells.task))
        labels = torch.from_numpy(cells.value.astype(np.float64))
        return _Data(
            experts, Pairs(row, task, cells.n_rows, cells.n_tasks, rising=True), labels, cells
        )

    def loss(self, network: Any) -> Tensor:
        """Sum over the measured cells."""
        logits = network.tower.at(self.experts, self.experts, self.pairs)
        total: Tensor = functional.binary_cross_entropy_with_logits(
            logits, self.labels, reduction="sum"
        )
        return total


def _learn(network: Any, data: _Data, mean: Tensor, spread: Tensor, weight: float) -> None:
    """The most probable coordinates and biases, by L-BFGS; tasks do not know of each other."""
    tower = network.tower
    with torch.no_grad():
        tower.coordinates.copy_(mean.expand_as(tower.coordinates))
        tower.bias.copy_(network.outputs.start(data.cells))
    learned = [tower.coordinates.requires_grad_(), tower.bias.requires_grad_()]

    def objective() -> Tensor:
        far = ((tower.coordinates - mean) / spread).square().sum()
        total: Tensor = data.loss(network) + 0.5 * weight * far + 1e-3 * tower.bias.square().sum()
        return total

    _minimize(learned, objective)


def _round(network: Any, data: _Data, levels: NDArray[np.float32]) -> None:
    """Coordinates to the levels of a codebook, then biases anew, to their own grid."""
    tower, known = network.tower, torch.from_numpy(levels).double()
    with torch.no_grad():
        nearest = (tower.coordinates[..., None] - known).abs().argmin(-1)
        tower.coordinates.copy_(known[nearest])
    tower.bias.requires_grad_()
    _minimize([tower.bias], lambda: data.loss(network) + 1e-3 * tower.bias.square().sum())
    with torch.no_grad():
        steps = (tower.bias / BIAS_STEP).round() * BIAS_STEP
        tower.bias.copy_(steps.clamp(-LARGEST_BIAS, LARGEST_BIAS))


def _minimize(learned: list[Tensor], objective: Any) -> None:
    optimizer = torch.optim.LBFGS(learned, max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = objective()
        loss.backward()
        return loss

    optimizer.step(closure)
    for each in learned:
        each.requires_grad_(False)
