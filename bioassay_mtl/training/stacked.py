"""Training of a stacked network: experts each on its own, gates from what they say out of fold.

Every expert is trained K times without a fold of the training rows, which it then predicts, and
once on all of them; several at a time if asked, each in a process of its own. Gates are fitted to
the predictions out of fold (Wolpert 1992, Stacked generalization; Breiman 1996, Stacked
regressions: weights that are not negative). An expert that no assay listens to is left out of the
model.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import BioassayError, InputError, counted
from bioassay_mtl.models.join import naming_inputs
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import FeatureScaler, fit_scalings
from bioassay_mtl.nn.architectures.base import build_network
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.nn.stacking import Stacking
from bioassay_mtl.splits import Split, SplitConfig, folds
from bioassay_mtl.splits.deal import dealers
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import inputs_of
from bioassay_mtl.training.domain import note_domain
from bioassay_mtl.training.evidence import give_evidence
from bioassay_mtl.training.finish import Finish, completed, publish
from bioassay_mtl.training.fit import (
    label_counts,
    measure,
    molecules_of,
    standardized_of,
)
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.members import mark, member, numbered
from bioassay_mtl.training.out_of_fold import Said
from bioassay_mtl.training.scratch import STACK, begun, claimed
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.side_by_side import Crew, Training, crew_of
from bioassay_mtl.training.trainers import trainers

log = logging.getLogger(__name__)


@trainers.register("stacked")
def train_stacked(
    session: Session,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    name: str | None = None,
    progress: Progress | None = None,
    record: Mapping[str, Any] | None = None,
    scalings: Mapping[str, FeatureScaler] | None = None,
    finish: Finish | None = None,
    jobs: int | Jobs = 1,
) -> Model:
    """Train experts, fit gates, join; parameters, result and errors as of :func:`fit.train`.

    ``model.training["stacked"]`` holds what each expert is worth: the score out of fold of every
    expert, of their mean and of the mixture, whose gates were fitted to other folds.
    """
    config = session.config
    stacked: StackedConfig = config.network  # type: ignore[assignment]
    out = None if out is None else Path(out)
    with claimed(out, resume, STACK) as scratch:
        if (model := completed(out, scratch, session.identity, session.about)) is not None:
            return model
        scaled_by = fit_scalings(session.features.blocks, session.parts.train)
        scaled_by = scaled_by if scalings is None else dict(scalings)
        with begun(scratch, STACK):
            if scratch is not None:
                mark(scratch / STACK, session.identity)
            splits = list(fold_parts(session, stacked.gate.folds))
            with ExitStack() as stack:
                runs = Runs(session, scratch, progress, scaled_by, splits, Jobs.of(jobs), stack)
                said = Said.of(session, splits, runs.out_of_fold(), runs.target_scaler, runs.cells)
                stacking = said.stacked(stacked.gate.method, config.seed)
                heard = np.flatnonzero((stacking.weights > 0).any(axis=0)).tolist()
                models = runs.whole(heard)
        model = _joined(session, stacked, heard, models, stacking)
        model.name = name or (out.name if out else "model")
        model.training = {
            **models[0].training,
            "config": config.model_dump(mode="json"),
            "run": session.identity,
            "history": [],
            "best_epoch": None,
            "stacked": {
                "folds": len(splits),
                "experts": [named(each) for each in stacked.members],
                "heard": heard,
                "worth": said.worth(stacked.gate.method, config.seed) if splits else {},
                "trained": [_known(each) for each in models],
            },
            **session.record,
            **(record or {}),
        }
        read = {name: session.features.blocks[name] for name in model.featurizer.fingerprints}
        features = Features(read, session.features.status)
        model.beside.update(session.beside)
        note_domain(session, model)
        give_evidence(model, session, said)
        measure(model, session.panel, features, session.parts, session.about)
        publish(model, out, scratch, None if finish is None else partial(finish, model))
        return model


class Runs:
    """Trains the experts of a session, each in a folder of its own until all are there.

    Parameters
    ----------
    session
        Session to learn.
    scratch
        Folder of the unfinished run, or None.
    progress
        Callback for every epoch.
    scalings
        Scalers of real-valued inputs.
    splits
        Rows of the K folds.
    jobs
        Trainings at a time, in processes of their own if that is several.
    stack
        Context that ends these.
    """

    def __init__(
        self,
        session: Session,
        scratch: Path | None,
        progress: Progress | None,
        scalings: Mapping[str, FeatureScaler],
        splits: Sequence[Split],
        jobs: Jobs,
        stack: ExitStack,
    ) -> None:
        self.session, self.progress, self.scalings = session, progress, scalings
        self.n_folds, self._jobs, self._stack = len(splits), jobs, stack
        network: StackedConfig = session.config.network  # type: ignore[assignment]
        self.members = network.members
        self.target_scaler, self.cells = standardized_of(session)
        if jobs.n > 1 and scratch is None:
            scratch = Path(stack.enter_context(TemporaryDirectory()))
        parts = {f"fold-{number}": rows for number, rows in enumerate(splits, 1)}
        parts["all"] = session.parts
        self._runs = list(product(range(len(self.members)), range(len(parts))))
        self._trainings = [
            self._training(number, rows, scratch and scratch / f"expert-{number + 1}-{name}")
            for number in range(len(self.members))
            for name, rows in parts.items()
        ]
        self._crew: Crew | None = None

    def out_of_fold(self) -> Iterator[tuple[int, int, Model]]:
        """Number of an expert, of a fold, and the model that has not seen the fold's rows."""
        wanted = list(product(range(len(self.members)), range(self.n_folds)))
        for (number, fold), model in zip(wanted, self._trained(wanted), strict=True):
            yield number, fold, model

    def whole(self, numbers: Sequence[int]) -> list[Model]:
        """Experts that have seen all training rows."""
        return list(self._trained([(number, self.n_folds) for number in numbers]))

    def settings(self, number: int) -> TrainingConfig:
        """Settings of an expert that is trained alone."""
        changes: dict[str, Any] = {"network": self.members[number]}
        if self._is_fitted(number):
            changes |= {"device": "cpu", "devices": 1}
        return self.session.config.model_copy(update=changes)

    def _is_fitted(self, number: int) -> bool:
        return isinstance(self.members[number], FittedConfig)

    def _training(self, number: int, parts: Split, folder: Path | None) -> Training:
        plain = replace(
            self.session, target_scaler=self.target_scaler, remembers=False, is_part=True
        )
        vars(plain).update(features=self.session.features, parts=self.session.parts)
        session = plain.with_settings(self.settings(number)).within(parts)
        return Training(session, folder, {"scalings": self.scalings})

    def _trained(self, wanted: Sequence[tuple[int, int]]) -> Iterator[Model]:
        """Models by expert and run: as they are in their folders, or trained."""
        places = [self._runs.index(each) for each in wanted]
        if self._jobs.n > 1:
            self._train_at_once(places)
        for place in places:
            training, progress = self._trainings[place], self._progress_of(place)
            model = member(training.session, training.folder, progress=progress, **training.given)
            if self._jobs.n == 1:
                self._tell_end(place)
            yield model

    def _train_at_once(self, places: Sequence[int]) -> None:
        """Train those whose folders are not there."""
        missing = [place for place in places if not self._folder(place).exists()]
        for place in sorted({*places} - {*missing}):
            self._tell_end(place)
        if not missing:
            return
        if self._crew is None:
            self._crew = self._stack.enter_context(crew_of(self._trainings, self._jobs))

        def told(place: int, record: Mapping[str, Any]) -> bool:
            if (progress := self._progress_of(place)) is not None:
                progress(record)
            return True

        def ended(place: int, failure: BioassayError | None) -> None:
            if failure is not None:
                raise failure
            self._tell_end(place)

        self._crew.train(missing, told, ended)

    def _folder(self, place: int) -> Path:
        folder = self._trainings[place].folder
        assert folder is not None
        return folder

    def _progress_of(self, place: int) -> Progress | None:
        number, run = self._runs[place]
        return numbered(self.progress, expert=number + 1, run=run + 1)

    def _tell_end(self, place: int) -> None:
        """Tell of an expert that has no epochs."""
        progress = self._progress_of(place)
        if progress is not None and self._is_fitted(self._runs[place][0]):
            progress({})


def fold_parts(session: Session, n_folds: int) -> Iterator[Split]:
    """Splits of the K trainings of an expert: a fold of the training rows is their test set.

    Validation rows stay what they are. Folds are dealt as the panel is split, where that can be
    dealt in folds, else by strata; duplicates of a molecule are in one fold. With too few molecules
    there are fewer folds; where there are less than two, none.
    """
    rows, valid, config = session.parts.train, session.parts.valid, session.config.split
    kind = config.kind if config.kind in dealers else "stratified"
    dealt = SplitConfig(
        kind=kind, fractions=(0.8, 0.0, 0.2), seed=config.seed, **_of_kind(config, kind)
    )
    panel = session.panel.take(rows)
    for n in range(n_folds, 1, -1):
        try:
            found = list(folds(panel, dealt, n))
        except InputError:
            continue
        for split in found:
            yield Split(rows[split.train], valid, rows[split.test], len(session.panel))
        return
    log.warning(
        "%s: too few to predict some by the others, so that all experts weigh alike",
        counted(len(rows), "training row"),
    )


def _of_kind(config: SplitConfig, kind: str) -> dict[str, Any]:
    """Settings of a way to deal folds."""
    return {} if kind != config.kind else {"n_bins": config.n_bins, "distance": config.distance}


def _joined(
    session: Session,
    stacked: StackedConfig,
    heard: Sequence[int],
    models: Sequence[Model],
    stacking: Stacking,
) -> Model:
    """The experts that are heard, under their gates, as one model that reads what they read."""
    whole = models[0].featurizer
    members = tuple(naming_inputs(stacked.members[n], whole.input_sizes) for n in heard)
    config = stacked.keeping(heard).model_copy(update={"members": members})
    read = {name for each in members for name in inputs_of(each.model_dump())}
    prints = {name: each for name, each in whole.fingerprints.items() if name in read}
    featurizer = replace(whole, fingerprints=prints)
    panel, parts = session.panel, session.parts
    with Draws(0).used():  # for weights that are replaced
        network: Any = build_network(config, featurizer.input_sizes, panel.tasks, panel.kinds)
    for own, model in zip(network.members, models, strict=True):
        own.load_state_dict(model.network.state_dict())
        own.connections.copy_(model.network.connections)
    network.set_gates(
        torch.from_numpy(np.ascontiguousarray(stacking.weights[:, heard])),
        torch.from_numpy(stacking.bias),
    )
    return Model(
        network=network,
        network_config=config,
        featurizer=featurizer,
        tasks=panel.tasks,
        label_counts=label_counts(panel.take(parts.train)),
        kinds=panel.kinds,
        target_scaler=models[0].target_scaler,
        scalings={n: s for n, s in models[0].scalings.items() if n in featurizer.fingerprints},
        training_molecules=molecules_of(session),
    )


def named(member: Any) -> str:
    """An expert in words: what it is, and what it reads."""
    kind = member.kind.replace("_", " ") if isinstance(member, FittedConfig) else "network"
    return f"{kind} on {', '.join(dict.fromkeys(inputs_of(member.model_dump())))}"


def _known(model: Model) -> dict[str, Any]:
    training = model.training
    return {name: training.get(name) for name in ("best_epoch", "history")}
