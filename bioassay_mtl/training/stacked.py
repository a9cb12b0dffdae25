"""Training of a stacked network: experts each on its own, gates from what they say out of fold.

Every expert is trained K times without a fold of the training rows, which it then predicts, and
once on all of them. Gates are fitted to the predictions out of fold (Wolpert 1992, Stacked
generalization; Breiman 1996, Stacked regressions: weights that are not negative). An expert that no
assay listens to is left out of the model.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bioassay_mtl.chem.features import Features
from bioassay_mtl.errors import InputError, counted
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
from bioassay_mtl.training.members import mark, member, numbered
from bioassay_mtl.training.out_of_fold import Said
from bioassay_mtl.training.scratch import STACK, begun, claimed
from bioassay_mtl.training.session import Session
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
            runs = Runs(session, scratch, progress, scaled_by, len(splits))
            said = Said.of(
                session, splits, runs.out_of_fold(splits), runs.target_scaler, runs.cells
            )
            stacking = said.stacked(stacked.gate.method, config.seed)
            heard = np.flatnonzero((stacking.weights > 0).any(axis=0)).tolist()
            models = [runs.whole(number) for number in heard]
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
    n_folds
        K.
    """

    def __init__(
        self,
        session: Session,
        scratch: Path | None,
        progress: Progress | None,
        scalings: Mapping[str, FeatureScaler],
        n_folds: int,
    ) -> None:
        self.session, self.scratch, self.progress = session, scratch, progress
        self.scalings, self.n_folds = scalings, n_folds
        network: StackedConfig = session.config.network  # type: ignore[assignment]
        self.members = network.members
        self.target_scaler, self.cells = standardized_of(session)

    def out_of_fold(self, splits: Sequence[Split]) -> Iterator[tuple[int, int, Model]]:
        """Number of an expert, of a fold, and the model that has not seen the fold's rows."""
        for number in range(len(self.members)):
            for fold, parts in enumerate(splits):
                yield number, fold, self._trained(number, f"fold-{fold + 1}", parts, fold + 1)

    def whole(self, number: int) -> Model:
        """An expert that has seen all training rows."""
        return self._trained(number, "all", self.session.parts, self.n_folds + 1)

    def settings(self, number: int) -> TrainingConfig:
        """Settings of an expert that is trained alone."""
        changes: dict[str, Any] = {"network": self.members[number]}
        if isinstance(self.members[number], FittedConfig):
            changes |= {"device": "cpu", "devices": 1}
        return self.session.config.model_copy(update=changes)

    def _trained(self, number: int, part: str, parts: Split, run: int) -> Model:
        config = self.settings(number)
        plain = replace(
            self.session, target_scaler=self.target_scaler, remembers=False, is_part=True
        )
        vars(plain).update(features=self.session.features, parts=self.session.parts)
        session = plain.with_settings(config).within(parts)
        folder = self.scratch / f"expert-{number + 1}-{part}" if self.scratch else None
        progress = numbered(self.progress, expert=number + 1, run=run)
        model = member(session, folder, scalings=self.scalings, progress=progress)
        if progress is not None and isinstance(config.network, FittedConfig):  # it has no epochs
            progress({})
        return model


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
