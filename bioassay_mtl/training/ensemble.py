"""Ensembles: the same settings trained from several seeds, joined into one model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.about import About
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.evidence import give_evidence
from bioassay_mtl.training.finish import Finish, completed, identity_of, publish
from bioassay_mtl.training.fit import measure
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.members import known, mark, numbered, trained_members
from bioassay_mtl.training.scratch import MEMBERS, begun, claimed
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.side_by_side import Training

MARK = MEMBERS


def train_ensemble(
    panel: Panel,
    config: TrainingConfig | Mapping[str, Any] | None = None,
    members: int = 5,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    parts: Split | None = None,
    name: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    features: Features | None = None,
    record: Mapping[str, Any] | None = None,
    weights: NDArray[np.float32] | None = None,
    start: Model | None = None,
    finish: Finish | None = None,
    about: About | None = None,
    jobs: int | Jobs = 1,
) -> Model:
    """Train the members on one split, and join them.

    Parameters
    ----------
    panel, config, out, parts, name, workers, features, record, weights, start, finish, about
        See :func:`bioassay_mtl.training.fit.train`. The seeds of the members are ``config.seed``
        and those that follow it; all members begin with the weights of ``start``.
    members
        Number of members, 2 or more.
    resume
        Go on in ``OUT.training``: finished members are not trained again, an interrupted one goes
        on from its last whole epoch. More members than were begun with may be asked for.
    progress
        Called after each epoch of each ``member``, which the record counts from 1.
    jobs
        Number of members that are trained at a time, in processes of their own if that is several;
        or such jobs on a cluster (:func:`bioassay_mtl.adapters.ray.jobs`).
        They share out the threads of this one; with as many threads each, weights are those of
        members that are trained in sequence, bit for bit.

    Returns
    -------
    Model
        The joined model, with its own metrics. ``model.training["members"]`` says what is known of
        each member; ``history`` and ``best_epoch`` are the first one's.

    Raises
    ------
    ConfigError
        As for one model; and where an ensemble of other settings or data is to be resumed.
    WorkerError
        A process of a member died.
    """
    session = Session.of(
        panel,
        config,
        start=start,
        weights=weights,
        given_parts=parts,
        given_features=features,
        workers=workers,
        about=about,
    )
    return ensemble_of(
        session,
        members,
        out=out,
        resume=resume,
        name=name,
        progress=progress,
        record=record,
        finish=finish,
        jobs=jobs,
    )


def ensemble_of(
    session: Session,
    members: int,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    name: str | None = None,
    progress: Progress | None = None,
    record: Mapping[str, Any] | None = None,
    finish: Finish | None = None,
    jobs: int | Jobs = 1,
) -> Model:
    """Train an ensemble as it is settled; see :func:`train_ensemble`."""
    if members < 2:
        raise ConfigError(f"an ensemble has 2 members or more, found {members}")
    out = None if out is None else Path(out)
    with claimed(out, resume, MARK) as scratch:
        run = identity_of(session.identity, members=members)
        if (model := completed(out, scratch, run, session.about)) is not None:
            return model
        with begun(scratch, MARK):
            if scratch is not None:
                mark(scratch / MARK, session.identity)
            trainings = [
                Training(
                    session.seeded(number).as_part(),
                    scratch / f"member-{number + 1}" if scratch else None,
                )
                for number in range(members)
            ]
            told = [numbered(progress, member=number + 1) for number in range(members)]
            models = trained_members(trainings, jobs, told)
        joined = join(models, name=name or (out.name if out else "model"))
        joined.training = {
            **models[0].training,
            "config": session.config.model_dump(mode="json"),
            "run": run,
            "members": [known(model) for model in models],
            **session.record,
            **(record or {}),
        }
        give_evidence(joined, session)
        measure(joined, session.panel, session.features, session.parts, session.about)
        publish(joined, out, scratch, None if finish is None else partial(finish, joined))
        return joined
