"""Hyperparameter search: trials of other settings, judged by the validation rows alone.

Settings are drawn by a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), and trials
below the median of the others at the same epoch are stopped, both of Optuna. The first trial is of
the given settings, so that the search never ends below them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ConfigError, TrainingError
from bioassay_mtl.files import write_whole
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, split
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.finish import Finish, completed, identity_of
from bioassay_mtl.training.fit import run_identity, train
from bioassay_mtl.training.score import AVERAGE_PRECISION, SKILL
from bioassay_mtl.training.scratch import JOURNAL, MEMBERS, STATE, begun, claimed
from bioassay_mtl.training.search_space import (
    given_settings,
    import_optuna,
    search_space,
    with_settings,
)
from bioassay_mtl.training.usable import usable_parts
from bioassay_mtl.training.warm_start import start_of

if TYPE_CHECKING:
    import optuna

_WORST = -1.0
"""Of all scores: what a trial that diverges in its first epoch is given."""


def train_tuned(
    panel: Panel,
    config: TrainingConfig | Mapping[str, Any] | None = None,
    trials: int = 20,
    *,
    members: int = 1,
    out: str | Path | None = None,
    resume: bool = False,
    parts: Split | None = None,
    name: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    record: Mapping[str, Any] | None = None,
    weights: NDArray[np.float32] | None = None,
    start: Model | None = None,
    finish: Finish | None = None,
) -> Model:
    """Search settings, then train with the best of them.

    Parameters
    ----------
    panel, config, out, parts, name, workers, record, weights, start, finish
        As for :func:`bioassay_mtl.training.fit.train`.
    trials
        How many settings are tried.
    members
        Of an ensemble with the best settings; 1 for one model.
    resume
        Go on in ``OUT.training``, to the same end. More trials than before may be asked for.
    progress
        Called after each epoch; while it is one of a ``trial``, the record counts these from 1.

    Returns
    -------
    Model
        ``model.training["tuning"]`` holds the trials (:func:`tune`).

    Raises
    ------
    ConfigError
        As for one model; and where no validation rows can tell trials apart, or a search of other
        settings or data is to be resumed.
    MissingExtraError
        Optuna is not installed.
    TrainingError
        All trials diverged.
    """
    config, chosen = settled(config, panel, start=start, stops=True)
    out = None if out is None else Path(out)
    import_optuna()
    with claimed(out, resume, JOURNAL) as scratch:
        features = panel_features(panel, config.featurizer(), workers)
        parts = usable_parts(parts or split(panel, config.split), features, panel)
        journal = scratch / JOURNAL if scratch else None
        begin: dict[str, Any] = {"weights": weights, "start": start}
        started = start_of(config, panel, start)
        identity = run_identity(panel, config, parts, started, weights)
        run = identity_of(identity, trials=trials, members=members)
        if (model := completed(out, scratch, run)) is not None:
            return model
        with begun(scratch, JOURNAL):
            best, found = tune(panel, config, trials, features, parts, journal, progress, **begin)
        given: dict[str, Any] = {
            "out": out,
            "resume": scratch is not None and any((scratch / n).exists() for n in (STATE, MEMBERS)),
            "parts": parts,
            "name": name,
            "progress": progress,
            "features": features,
            "record": {
                "run": run,
                "tuning": found,
                **({"chosen": chosen} if chosen else {}),
                **(record or {}),
            },
            "finish": finish,
            **begin,
        }
        if members > 1:
            return train_ensemble(panel, best, members, **given)
        return train(panel, best, **given)


def tune(
    panel: Panel,
    config: TrainingConfig,
    trials: int,
    features: Features,
    parts: Split,
    journal: Path | None = None,
    progress: Progress | None = None,
    weights: NDArray[np.float32] | None = None,
    start: Model | None = None,
) -> tuple[TrainingConfig, dict[str, Any]]:
    """The best settings found, and the table of trials.

    Parameters
    ----------
    panel, features, parts
        All rows, their features, and which are trained and judged on; test rows have no part.
    config
        Of the first trial, and of all that is not searched.
    trials
        How many there are to be in the end, those in the journal counted in.
    journal
        File (JSON lines) that keeps finished trials; None for none.
    progress
        Called after each epoch, with the number of the ``trial``.
    weights, start
        As for :func:`bioassay_mtl.training.fit.train`; with a ``start`` the network stays as it is.

    Returns
    -------
    The settings; and a table: ``trials`` with their ``settings``, ``score`` on the validation rows,
    ``epochs`` and ``state`` (``complete``, or ``pruned`` where it lagged behind or diverged),
    ``best`` (number of the trial), and ``space``.
    """
    optuna = import_optuna()
    if not len(parts.valid):
        raise ConfigError(
            "a search needs validation rows by which an assay's outcomes can be told apart: "
            "give split.fractions a share for them"
        )
    judged = Split(parts.train, parts.valid, parts.test[:0], parts.n_rows)
    space = search_space(config, fixed=start is not None)
    begin = start_of(config, panel, start)
    study = _study(journal, run_identity(panel, config, judged, begin, weights))
    while (number := len(_finished(study))) < trials:
        # A sampler of its own for every trial: a resumed search draws what an unbroken one draws.
        study.sampler = optuna.samplers.TPESampler(seed=1000 * config.seed + number)
        waiting = study.get_trials(states=(optuna.trial.TrialState.WAITING,))
        if number == 0 and not waiting:
            study.enqueue_trial(given_settings(config, space))
        trial = study.ask(space)
        watch = _Watch(trial, number + 1, progress)
        try:
            train(
                panel,
                with_settings(config, trial.params),
                parts=judged,
                features=features,
                progress=watch,
                weights=weights,
                start=start,
            )
        except (optuna.TrialPruned, TrainingError):
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, watch.best)
    table = [
        {
            "trial": number,
            "state": trial.state.name.lower(),
            "score": max(trial.intermediate_values.values(), default=_WORST),
            "epochs": max(trial.intermediate_values, default=0),
            "settings": trial.params,
        }
        for number, trial in enumerate(_finished(study), start=1)
    ]
    complete = [row for row in table if row["state"] == "complete"]
    if not complete:
        raise TrainingError("all trials diverged: give a lower learning_rate to begin the search")
    best = max(complete, key=lambda row: row["score"])
    limits = {name: optuna.distributions.distribution_to_json(d) for name, d in space.items()}
    return with_settings(config, best["settings"]), {
        "trials": table,
        "best": best["trial"],
        "space": limits,
    }


class _Watch:
    """Tells the study the score of every epoch, and stops a trial that lags behind."""

    def __init__(self, trial: optuna.Trial, number: int, progress: Progress | None) -> None:
        self.trial, self.number, self.progress = trial, number, progress
        self.best = _WORST

    def __call__(self, record: Mapping[str, float]) -> None:
        score = record.get(AVERAGE_PRECISION, record.get(SKILL, math.nan))
        if math.isfinite(score):
            self.best = max(self.best, score)
            self.trial.report(score, int(record["epoch"]))
        if self.progress is not None:
            self.progress({"trial": self.number, **record})
        if self.trial.should_prune():
            raise import_optuna().TrialPruned


def _study(journal: Path | None, identity: str) -> optuna.Study:
    found = import_optuna()
    found.logging.set_verbosity(found.logging.WARNING)
    storage = None
    if journal is not None:
        _mend(journal)
        backend = found.storages.journal.JournalFileBackend(str(journal), _NoLock())
        storage = found.storages.JournalStorage(backend)
    study: optuna.Study = found.create_study(
        study_name="tuning",
        storage=storage,
        direction="maximize",
        pruner=found.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
        load_if_exists=True,
    )
    if study.user_attrs.get("identity", identity) != identity:
        raise ConfigError(
            f"{journal} is of a search with other settings or other data; train into another "
            "folder, or repeat the first settings"
        )
    study.set_user_attr("identity", identity)
    for trial in study.get_trials(states=(found.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=found.trial.TrialState.FAIL)  # cut off: tried once more
    return study


class _NoLock:
    """In place of Optuna's lock file, which stays after a kill: the run has its folder alone."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def _mend(journal: Path) -> None:
    """Remove a last line that a kill cut off, to which the next one would be appended."""
    content = journal.read_bytes() if journal.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        write_whole(journal, whole)


def _finished(study: optuna.Study) -> list[Any]:
    states = import_optuna().trial.TrialState
    return study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
