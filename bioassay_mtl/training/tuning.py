"""Hyperparameter search: trials of other settings, judged by the validation rows alone.

Settings are drawn by a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), and trials
below the median of the others at the same epoch are stopped, both of Optuna. The first trial is of
the given settings, so that the search never ends below them.

Trials side by side go in rounds: those of a round are drawn, and stopped, by what the rounds before
it have found, and told together. So the same seed gives the same search with the same number at a
time, whichever of a round ends first; a search with another number is another one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import BioassayError, ConfigError, TrainingError
from bioassay_mtl.files import write_whole
from bioassay_mtl.models.about import About
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.ensemble import ensemble_of
from bioassay_mtl.training.finish import Finish, completed, identity_of
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.score import AVERAGE_PRECISION, SKILL
from bioassay_mtl.training.scratch import JOURNAL, MEMBERS, STACK, STATE, begun, claimed
from bioassay_mtl.training.search_space import (
    given_settings,
    import_optuna,
    search_space,
    with_settings,
)
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.side_by_side import Training, train_side_by_side

if TYPE_CHECKING:
    import optuna

_ROUND = "round"
_WORST = -1.0
"""Worst of all scores: what a trial that diverges in its first epoch is given."""


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
    about: About | None = None,
    jobs: int | Jobs = 1,
) -> Model:
    """Search settings, then train with the best of them.

    Parameters
    ----------
    panel, config, out, parts, name, workers, record, weights, start, finish, about
        See :func:`bioassay_mtl.training.fit.train`.
    trials
        Number of settings that are tried.
    members
        Number of members of an ensemble with the best settings; 1 for one model.
    resume
        Go on in ``OUT.training``, to the same end. More trials than before may be asked for.
    progress
        Called after each epoch; while it is one of a ``trial``, the record counts these from 1.
    jobs
        Number of trials, and members, that are trained at a time, each in a process of its own if
        that is several; see above and :func:`~bioassay_mtl.training.ensemble.train_ensemble`.

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
    session = Session.of(
        panel,
        config,
        start=start,
        stops=True,
        weights=weights,
        given_parts=parts,
        workers=workers,
        about=about,
    )
    out = None if out is None else Path(out)
    import_optuna()
    with claimed(out, resume, JOURNAL) as scratch:
        run = identity_of(session.identity, trials=trials, members=members)
        if (model := completed(out, scratch, run, session.about)) is not None:
            return model
        journal = scratch / JOURNAL if scratch else None
        with begun(scratch, JOURNAL):
            best, found = tune(session, trials, journal, progress, jobs)
        given: dict[str, Any] = {
            "out": out,
            "resume": scratch is not None
            and any((scratch / n).exists() for n in (STATE, STACK, MEMBERS)),
            "name": name,
            "progress": progress,
            "record": {"run": run, "tuning": found, **session.record, **(record or {})},
            "finish": finish,
        }
        if members > 1:
            return ensemble_of(best, members, jobs=jobs, **given)
        return train_session(best, **given)


def tune(
    session: Session,
    trials: int,
    journal: Path | None = None,
    progress: Progress | None = None,
    jobs: int | Jobs = 1,
) -> tuple[Session, dict[str, Any]]:
    """The best settings found, and the table of trials.

    Parameters
    ----------
    session
        Settings of the first trial, and of all that is not searched; and what is learned. Test rows
        have no part. With a ``start`` the network stays as it is.
    trials
        Number of trials in the end, those in the journal counted in.
    journal
        File (JSON lines) that keeps finished trials; None for none.
    progress
        Called after each epoch, with the number of the ``trial``.
    jobs
        Trials of a round.

    Returns
    -------
    The session with the best settings; and a table: ``trials`` with their ``settings``, ``score``
    on the validation rows, ``epochs`` and ``state`` (``complete``, or ``pruned`` where it lagged
    behind or diverged), ``best`` (number of the trial), and ``space``.
    """
    optuna = import_optuna()
    config, parts = session.config, session.parts
    if not len(parts.valid):
        raise ConfigError(
            "a search needs validation rows by which an assay's outcomes can be told apart: "
            "give split.fractions a share for them"
        )
    judged = session.on(Split(parts.train, parts.valid, parts.test[:0], parts.n_rows))
    space = search_space(config, fixed=session.start is not None)
    study = _study(journal, judged.identity)
    jobs = Jobs.of(jobs)
    while (before := len(_finished(study))) < trials:
        numbers = range(before, min(trials, before + jobs.n))
        watches = [_Watch(_asked(study, session, space, n), n + 1, progress) for n in numbers]
        sessions = [judged.with_settings(with_settings(config, w.trial.params)) for w in watches]
        _try(sessions, watches, jobs)
        _tell(study, {watch.trial.number: watch.outcome for watch in watches})
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
    return session.with_settings(with_settings(config, best["settings"])), {
        "trials": table,
        "best": best["trial"],
        "space": limits,
    }


def _asked(
    study: optuna.Study, session: Session, space: dict[str, Any], number: int
) -> optuna.Trial:
    """The next trial, of which so many are before it.

    A sampler of its own for every trial: a resumed search draws what an unbroken one draws.
    """
    optuna = import_optuna()
    study.sampler = optuna.samplers.TPESampler(seed=1000 * session.config.seed + number)
    waiting = study.get_trials(states=(optuna.trial.TrialState.WAITING,))
    if number == 0 and not waiting:
        study.enqueue_trial(given_settings(session.config, space))
    return study.ask(space)


def _try(sessions: Sequence[Session], watches: Sequence[_Watch], jobs: Jobs) -> None:
    """Train the trials of a round."""
    if len(sessions) > 1:
        train_side_by_side(
            [Training(session) for session in sessions],
            jobs,
            lambda number, record: watches[number].goes_on(record),
            lambda number, failure: watches[number].end(failure),
        )
        return
    failure = None
    with suppress(import_optuna().TrialPruned):
        try:
            train_session(sessions[0], progress=watches[0])
        except TrainingError as error:
            failure = error
    watches[0].end(failure)


class _Watch:
    """Tells a trial the score of every epoch, and stops it where it lags behind."""

    def __init__(self, trial: optuna.Trial, number: int, progress: Progress | None) -> None:
        self.trial, self.number, self.progress = trial, number, progress
        self.best = _WORST
        self.is_complete = True

    def __call__(self, record: Mapping[str, float]) -> None:
        if not self.goes_on(record):
            raise import_optuna().TrialPruned

    def goes_on(self, record: Mapping[str, float]) -> bool:
        """Hear of an epoch; whether there is to be another one."""
        score = record.get(AVERAGE_PRECISION, record.get(SKILL, math.nan))
        if math.isfinite(score):
            self.best = max(self.best, score)
            self.trial.report(score, int(record["epoch"]))
        if self.progress is not None:
            self.progress({"trial": self.number, **record})
        self.is_complete = not self.trial.should_prune()
        return self.is_complete

    def end(self, failure: BioassayError | None) -> None:
        """Hear of the end; what is no divergence is raised."""
        if failure is not None and not isinstance(failure, TrainingError):
            raise failure
        self.is_complete = self.is_complete and failure is None

    @property
    def outcome(self) -> float | None:
        """The best score; None where the trial was stopped, or diverged."""
        return self.best if self.is_complete else None


def _tell(study: optuna.Study, outcomes: Mapping[int, float | None]) -> None:
    """Tell the study of all trials of a round.

    Noted as one, for a kill must not leave a part of the round told: what is drawn anew in its
    place would know of that.
    """
    if len(outcomes) > 1:
        study.set_user_attr(_ROUND, {str(number): best for number, best in outcomes.items()})
    for number, best in outcomes.items():
        if best is None:
            study.tell(number, state=import_optuna().trial.TrialState.PRUNED)
        else:
            study.tell(number, best)


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
    cut_off = [t.number for t in study.get_trials(states=(found.trial.TrialState.RUNNING,))]
    noted = study.user_attrs.get(_ROUND, {})
    _tell(study, {number: noted[str(number)] for number in cut_off if str(number) in noted})
    for number in cut_off:
        if str(number) not in noted:
            study.tell(number, state=found.trial.TrialState.FAIL)  # tried once more
    return study


class _NoLock:
    """Lock in place of Optuna's file, which stays after a kill: the run has its folder alone."""

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
