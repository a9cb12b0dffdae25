"""``intrinsic_dimension(panel)``: the curve of a panel, and of groups of its assays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError, counted
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.dimension.ledger import Ledger
from bioassay_mtl.training.dimension.result import Dimension, Dimensions
from bioassay_mtl.training.dimension.search import dimension_of
from bioassay_mtl.training.dimension.settings import DimensionConfig
from bioassay_mtl.training.fit import train
from bioassay_mtl.training.usable import usable_parts

WHOLE = "all assays"


def intrinsic_dimension(
    panel: Panel,
    config: DimensionConfig | Mapping[str, Any] | None = None,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    sizes: Sequence[int] = (),
    out: str | Path | None = None,
    workers: int = 1,
    told: Callable[[Dimension], object] | None = None,
) -> Dimensions:
    """Numbers an assay that networks need to be nearly as good as free ones.

    Parameters
    ----------
    panel
        Binary assays.
    config
        Settings, or a mapping of them.
    groups
        Assays by the name of their group, such as those of related targets; beside each a random
        group of as many assays is measured.
    sizes
        Numbers of assays: random groups of so many, the smaller within the larger.
    out
        Folder where scores are kept as they come: the same call goes on from there.
    workers
        Processes that featurize.
    told
        Called with each group as it is measured.

    Returns
    -------
    Dimensions
        The whole panel first.

    Raises
    ------
    ConfigError
        An assay is not binary or not there, or ``out`` holds scores of something else.
    InputError
        Free networks are no better than chance.

    Examples
    --------
    >>> import bioassay_mtl as bm
    >>> found = bm.intrinsic_dimension(bm.read_panel("panel.csv"))  # doctest: +SKIP
    >>> found.groups[0].aid, found.groups[0].mean_id  # doctest: +SKIP
    (14.2, 61.0)
    """
    settings = DimensionConfig.of(config or {})
    if strange := [t for t, k in zip(panel.tasks, panel.kinds, strict=True) if not k.has_actives]:
        are = "is" if len(strange) == 1 else "are"
        raise ConfigError(
            f"dimensions are of binary assays, and {counted(len(strange), 'assay')} of "
            f"{len(panel.tasks):,} {are} not ({some(strange, 3)}): "
            "leave out what is not, or write 1 and 0 in place of values"
        )
    chosen = _groups(panel, groups or {}, sizes, settings.seed)
    ledger = Ledger(None if out is None else Path(out), _identity(panel, settings))
    featurizer = Featurizer.from_config({"fingerprints": {"fingerprint": settings.fingerprint}})
    features = panel_features(panel, featurizer, workers)
    share = settings.test_share
    drawn = split(panel, SplitConfig(fractions=(1 - share, 0.0, share), seed=settings.seed))
    parts = usable_parts(drawn, features, panel)
    found = []
    for name, tasks in chosen.items():
        trials = _Trials(panel.select_tasks(tasks), features, parts, settings, ledger)
        found.append(dimension_of(name, tasks, trials.score, settings))
        if told is not None:
            told(found[-1])
    return Dimensions(tuple(found), settings.target, settings.metric)


def _groups(
    panel: Panel, groups: Mapping[str, Sequence[str]], sizes: Sequence[int], seed: int
) -> dict[str, tuple[str, ...]]:
    order = np.random.default_rng(seed).permutation(len(panel.tasks))
    drawn = [panel.tasks[place] for place in order]
    found = {WHOLE: panel.tasks}
    for size in sizes:
        if not 1 <= size <= len(drawn):
            raise ConfigError(f"sizes: from 1 to {len(drawn)} assays are there, found {size}")
        found[f"{size} random"] = tuple(sorted(drawn[:size], key=panel.tasks.index))
    for name, tasks in groups.items():
        if missing := [task for task in tasks if task not in panel.tasks]:
            raise ConfigError(f"group {name!r}: the panel has no assay {missing[0]!r}")
        found[name] = tuple(dict.fromkeys(tasks))
        found[f"as many as {name}, random"] = tuple(
            sorted(drawn[: len(found[name])], key=panel.tasks.index)
        )
    return found


def _identity(panel: Panel, settings: DimensionConfig) -> str:
    # Ladders may grow, and another share be asked for: scores stay what they are.
    free = {"target", "single", "coordinates", "ratios", "seeds"}
    text = json.dumps([panel.digest(), settings.model_dump(mode="json", exclude=free)])
    return hashlib.sha256(text.encode()).hexdigest()


class _Trials:
    """Trains networks on some assays of a panel, and scores them on molecules left out."""

    def __init__(
        self,
        panel: Panel,
        features: Features,
        parts: Split,
        settings: DimensionConfig,
        ledger: Ledger,
    ) -> None:
        self._panel, self._features, self._parts = panel, features, parts
        self._settings, self._ledger = settings, ledger

    def score(self, network: dict[str, Any]) -> NDArray[np.float64]:
        """``(T,)`` above chance, the mean of the seeds."""
        first = self._settings.seed
        several = [
            self._ledger.scores(
                {"tasks": list(self._panel.tasks), "seed": seed, **network},
                lambda seed=seed: self._trained(network, seed),  # type: ignore[misc]
            )
            for seed in range(first, first + self._settings.seeds)
        ]
        found: NDArray[np.float64] = np.mean(several, axis=0)
        return found

    def _trained(self, network: dict[str, Any], seed: int) -> list[float]:
        model = train(
            self._panel,
            training_config(self._settings, network, seed),
            parts=self._parts,
            features=self._features,
        )
        rows = self._parts.test
        outputs = model.outputs_of(self._features.take(rows))
        cells = self._panel.cells.take(rows)
        return [
            above_chance(
                self._settings.metric,
                (mine := cells.of_task(task)).values > 0.5,
                outputs[mine.rows, task],
            )
            for task in range(len(self._panel.tasks))
        ]


def training_config(
    settings: DimensionConfig, network: dict[str, Any], seed: int
) -> TrainingConfig:
    """Settings of one training."""
    low = {
        "kind": "low_dimensional",
        "inputs": ["fingerprint"],
        "width": settings.width,
        "depth": settings.depth,
        "expansion": settings.expansion,
        "learning_rate_factor": settings.rate_factor,
        "seed": seed,
    }
    return TrainingConfig.of(
        {
            "fingerprints": {"fingerprint": settings.fingerprint},
            "network": low | network,
            "epochs": settings.epochs,
            "patience": settings.epochs,
            "learning_rate": settings.learning_rate,
            "batch_size": settings.batch_size,
            "average": 0.9,
            "calibrate": False,
            "domain": "none",
            "seed": seed,
            "device": "auto",
        }
    )


def above_chance(metric: str, active: NDArray[np.bool_], said: NDArray[np.float32]) -> float:
    """The score less what chance gives; NaN without actives or without inactives."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if active.all() or not active.any():
        return float("nan")
    if metric == "roc_auc":
        return float(roc_auc_score(active, said)) - 0.5
    return float(average_precision_score(active, said)) - float(active.mean())
