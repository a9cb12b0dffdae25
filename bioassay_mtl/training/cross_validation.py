"""k-fold cross-validation: every molecule is predicted by networks that have not seen it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.metrics.over_folds import over_folds
from bioassay_mtl.models.about import About
from bioassay_mtl.models.assay_sheet import NAME
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import fit_scalings
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, folds
from bioassay_mtl.tasks.labels import MOST_CELLS
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.card import model_card
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.finish import completed, identity_of, publish
from bioassay_mtl.training.fit import label_counts
from bioassay_mtl.training.identity import run_identity
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.members import known, mark, numbered, trained_members
from bioassay_mtl.training.scratch import FOLDS, begun, claimed
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.side_by_side import Training
from bioassay_mtl.training.usable import with_features

if TYPE_CHECKING:
    import pandas as pd

MARK = FOLDS
PREDICTIONS = "predictions.csv"


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Model of all folds, and the predictions of each fold's network for rows that it had not seen.

    Parameters
    ----------
    model
        The networks of all folds, joined. ``model.metrics["out_of_fold"]`` holds the mean of each
        metric over the folds and its standard deviation
        (:func:`bioassay_mtl.metrics.over_folds.over_folds`).
    panel, features
        All n rows.
    fold
        ``(repeats, n) int64``: the fold in which a row was held out, from 1.
    predictions
        ``(repeats, n, columns) float32``, NaN in rows whose molecule cannot be used.
    """

    model: Model
    panel: Panel
    features: Features
    fold: NDArray[np.int64]
    predictions: NDArray[np.float32]

    def table(self) -> pd.DataFrame:
        """Row for each repeat and row of the panel: where it was held out, and its predictions."""
        import pandas as pd

        repeats, n = self.fold.shape
        names = [Status.from_code(int(code)).value for code in self.features.status]
        columns: dict[str, Any] = {
            "repeat": np.repeat(np.arange(1, repeats + 1), n),
            "fold": self.fold.ravel(),
            "row": np.tile(np.arange(1, n + 1), repeats),
            "id": self.panel.ids * repeats,
        }
        if self.panel.structures is not None:
            columns["smiles"] = self.panel.structures * repeats
        columns["status"] = names * repeats
        found = pd.DataFrame(
            self.predictions.reshape(repeats * n, -1), columns=list(self.model.columns)
        )
        return pd.concat([pd.DataFrame(columns), found], axis=1)

    def write_table(self, path: str | Path) -> Path:
        """Write :meth:`table` as CSV."""
        self.table().to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
        return Path(path)


def _check_size(panel: Panel, repeats: int) -> None:
    """Raise a ConfigError where the predictions of all rows in all assays are too many to keep."""
    n_columns = sum(len(kind.columns("")) for kind in panel.kinds)
    if repeats * len(panel) * n_columns > MOST_CELLS:
        raise ConfigError(
            f"cross-validation keeps predictions of all {len(panel):,} molecules in all "
            f"{len(panel.tasks):,} assays, {repeats} times: at most {MOST_CELLS:,} in all; train "
            "with one split, or choose assays of more molecules (min_rows)"
        )


def cross_validate(
    panel: Panel,
    config: TrainingConfig | Mapping[str, Any] | None = None,
    n_folds: int = 5,
    repeats: int = 1,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    name: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    record: Mapping[str, Any] | None = None,
    finish: Callable[[CrossValidation, Path], object] | None = None,
    about: About | None = None,
    jobs: int | Jobs = 1,
) -> CrossValidation:
    """Train a network for each fold, on the other folds, and join them.

    Real-valued inputs are scaled by the ranks of all rows, and nothing else of a held-out row
    reaches its network: no label, and no part in early stopping.

    Parameters
    ----------
    panel, config, out, name, workers, record, about
        See :func:`bioassay_mtl.training.fit.train`. ``config.split`` says how folds are dealt,
        and how the other rows are shared between train and valid. The folder also gets
        ``predictions.csv`` (:meth:`CrossValidation.table`).
    n_folds, repeats
        Networks ``n_folds * repeats``; in every repeat, with a seed of its own, each row is held
        out once.
    resume
        Go on in ``OUT.training``, as for an ensemble. More repeats than before may be asked for.
    progress
        Called after each epoch of each ``fold``, counted from 1 over all repeats.
    finish
        As of one model, and called with what is returned here.
    jobs
        Number of folds that are trained at a time, as for an ensemble.

    Raises
    ------
    ConfigError
        As for one model; where the split has no folds; and where a run of other settings or data is
        to be resumed.
    InputError
        The panel has too few molecules for so many folds.
    WorkerError
        A process of a fold died.
    """
    _check_size(panel, repeats)
    session = Session.of(
        panel,
        config,
        workers=workers,
        given_parts=_everything(panel),
        about=about,
    )
    config = session.config
    splits = list(folds(panel, config.split, n_folds, repeats))
    out = None if out is None else Path(out)
    with claimed(out, resume, MARK) as scratch:
        features, rows = session.features, session.parts.train
        scalings = fit_scalings(features.blocks, rows)
        identity = run_identity(panel, config, splits[0], session.begin)
        run = identity_of(identity, folds=n_folds, repeats=repeats)
        if (model := completed(out, scratch, run, session.about)) is not None:
            return CrossValidation(
                model, panel, features, *_said(_members(model), splits, features, repeats)
            )
        with begun(scratch, MARK):
            if scratch is not None:
                mark(scratch / MARK, identity)
            trainings = [
                Training(
                    session.on(with_features(parts, features)).seeded(number // n_folds).as_part(),
                    scratch / f"fold-{number + 1}" if scratch else None,
                    {"scalings": scalings},
                )
                for number, parts in enumerate(splits)
            ]
            told = [numbered(progress, fold=number + 1) for number in range(len(splits))]
            models = trained_members(trainings, jobs, told)
        joined = join(models, name=name or (out.name if out else "model"))
        joined.label_counts = label_counts(panel.take(rows))
        joined.training = {
            **models[0].training,
            "config": config.model_dump(mode="json"),
            "rows": {"train": len(rows), "valid": 0, "test": 0},
            "rows_left_out": len(panel) - len(rows),
            "run": run,
            "folds": {"n": n_folds, "repeats": repeats},
            "members": [
                {**known(model), "fold": number % n_folds + 1, "repeat": number // n_folds + 1}
                for number, model in enumerate(models)
            ],
            **session.record,
            **(record or {}),
        }
        held_out = [model.metrics["test"] for model in models if model.metrics["test"]]
        joined.metrics = {"valid": None, "test": None, "out_of_fold": over_folds(held_out, repeats)}
        joined.card = model_card(joined)
        joined.beside[NAME] = sheet_of(joined, joined.metrics, session.about)
        said = _said(models, splits, features, repeats)
        found = CrossValidation(joined, panel, features, *said)

        def beside(folder: Path) -> None:
            found.write_table(folder / PREDICTIONS)
            if finish is not None:
                finish(found, folder)

        publish(joined, out, scratch, beside)
        return found


def _said(
    models: Sequence[Model], splits: Sequence[Split], features: Features, repeats: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The fold in which each row was held out, and what the network without it said."""
    fold = np.zeros((repeats, splits[0].n_rows), np.int64)
    predictions = np.full((*fold.shape, len(models[0].columns)), np.nan, np.float32)
    n_folds = len(splits) // repeats
    for number, (model, parts) in enumerate(zip(models, splits, strict=True)):
        repeat, place = divmod(number, n_folds)
        fold[repeat, parts.test] = place + 1
        predictions[repeat, parts.test] = model.predict_features(features.take(parts.test))
    return fold, predictions


def _members(joined: Model) -> list[Model]:
    """The networks of all folds, each as a model."""
    configs = joined.network_config.members  # type: ignore[attr-defined]
    ensemble: Any = joined.network
    return [
        replace(joined, network=network, network_config=config)
        for network, config in zip(ensemble.members, configs, strict=True)
    ]


def _everything(panel: Panel) -> Split:
    none = np.zeros(0, np.int64)
    return Split(np.arange(len(panel)), none, none, len(panel))
