"""``train(panel, config) -> Model``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.balance.ranks import is_spread
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.about import About
from bioassay_mtl.models.assay_sheet import NAME, Described
from bioassay_mtl.models.evaluation import predictions_at
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import FeatureScaler, fit_scalings, scaled
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.nn.devices import found_device
from bioassay_mtl.nn.network import Network
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.labels import view_dtype
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.card import model_card
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.domain import note_domain
from bioassay_mtl.training.evidence import give_evidence
from bioassay_mtl.training.finish import Finish, completed, publish
from bioassay_mtl.training.jobs import Jobs
from bioassay_mtl.training.loop import Run, fit
from bioassay_mtl.training.processes import other_ranks
from bioassay_mtl.training.scratch import STATE, claimed, scratch_loggers
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.trainers import fitters, trainers
from bioassay_mtl.training.warm_start import WarmStart


def train(
    panel: Panel,
    config: TrainingConfig | Mapping[str, Any] | None = None,
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
    scalings: Mapping[str, FeatureScaler] | None = None,
    finish: Finish | None = None,
    about: About | None = None,
    jobs: int | Jobs = 1,
) -> Model:
    """Train a model on a panel.

    Parameters
    ----------
    panel
        Molecules x assays. Blocks in ``panel.features`` under the name of an input are used as they
        are; other inputs are computed from ``panel.structures``.
    config
        Settings, or a mapping of them; those that are not set are chosen for the panel
        (:mod:`bioassay_mtl.training.defaults`).
    out
        Folder of the finished model, which appears whole. Until then the run's state is in
        ``OUT.training``, where the logs stay.
    resume
        Go on from the last whole epoch in ``OUT.training``; the result is that of an unbroken run,
        to the byte. A run that has ended already gives its model.
    parts
        Rows to train, stop and report on; None for ``config.split``.
    name
        Name of the model; None for that of the folder.
    workers
        Processes that featurize.
    progress
        Called after each epoch with its number, loss and score.
    features
        Features of all rows, where they were made before (:func:`panel_features`).
    record
        Further facts to keep in :attr:`Model.training`.
    weights
        ``(n, T)``, above 0 where measured: factors of the losses of cells; None for 1.
    start
        A model of the same tasks and settings, from whose weights the run goes on.
    scalings
        Scalers of real-valued inputs; None to fit them to the training rows.
    finish
        Called with the model and its folder before this appears under its name, to write more into
        it.
    about
        Facts of the assays for the model's sheet: a file, or facts by assay
        (:func:`bioassay_mtl.models.about.known_assays`).
    jobs
        Number of experts that are trained at a time, in processes of their own if that is several,
        where each is trained on its own (``gate.kind: stacked``); or such jobs on a cluster
        (:func:`bioassay_mtl.adapters.ray.jobs`). They share out the threads of this one; with as
        many threads each, weights are those of experts that are trained in sequence, bit for bit.

    Returns
    -------
    Model
        With the weights of the best epoch, metrics on the validation and test rows, and a sheet of
        its assays, ``model.sheet``.

    Raises
    ------
    ConfigError
        A setting is wrong, or ``out`` exists; to resume, it is of another run. Or there are several
        jobs for one network.
    InputError
        No row can be trained on, or ``about`` describes an assay that is not there.
    OutputError
        Another process trains into ``out``; or writing fails, for example on a full disk.
    TrainingError
        The run diverged: its loss is not finite.
    WorkerError
        The process of one of several devices died.
    """
    session = Session.of(
        panel,
        config,
        start=start,
        weights=weights,
        given_parts=parts,
        given_features=features,
        workers=workers,
        stacks=True,
        about=about,
    )
    return train_session(
        session,
        out=out,
        resume=resume,
        name=name,
        progress=progress,
        record=record,
        scalings=scalings,
        finish=finish,
        jobs=jobs,
    )


def train_session(
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
    """Train a model as it is settled; parameters, result and errors as of :func:`train`."""
    kind = session.config.network.kind  # type: ignore[attr-defined]
    if kind in trainers:
        found: Model = trainers[kind](
            session,
            out=out,
            resume=resume,
            name=name,
            progress=progress,
            record=record,
            scalings=scalings,
            finish=finish,
            jobs=jobs,
        )
        return found
    if Jobs.of(jobs).n > 1:
        raise ConfigError(
            "jobs: one network is one training: several need experts that are trained each on its "
            "own (gate.kind: stacked), an ensemble, folds or a search"
        )
    config, begin = session.config, session.begin
    out = None if out is None else Path(out)
    with claimed(out, resume) as scratch:
        device = device_of(config)
        n_devices = _n_devices(config, device)
        fitted = (
            fit_scalings(session.features.blocks, session.parts.train)
            if scalings is None
            else dict(scalings)
        )
        scalings = fitted | dict(begin.scalings if begin else {})
        if (model := completed(out, scratch, session.identity, session.about)) is not None:
            return model
        run = run_of(session, scalings, scratch / STATE if scratch else None, resume=resume)
        network, history, best_epoch = _fitted(run, device, n_devices, scratch, progress)
        model = model_of(
            session,
            network,
            scalings,
            name or (out.name if out else "model"),
            {"history": history, "best_epoch": best_epoch},
            record or {},
        )
        publish(model, out, scratch, None if finish is None else partial(finish, model))
        return model


def run_of(
    session: Session,
    scalings: Mapping[str, FeatureScaler],
    checkpoint: Path | None = None,
    *,
    resume: bool = False,
) -> Run:
    """Beginning of every rank of a session's run.

    Parameters
    ----------
    session
        Session to learn.
    scalings
        Scalers of real-valued inputs.
    checkpoint, resume
        See :class:`~bioassay_mtl.training.loop.Run`.
    """
    panel, config, begin = session.panel, session.config, session.begin
    return Run(
        config=config,
        tasks=panel.tasks,
        sizes=config.featurizer().input_sizes,
        blocks=scaled(session.features.blocks, scalings),
        cells=standardized_of(session)[1],
        train_rows=session.parts.train,
        valid_rows=session.parts.valid,
        checkpoint=checkpoint,
        identity=session.identity,
        resume=resume,
        kinds=panel.kinds,
        start=begin.weights if begin else {},
        weights=session.cell_weights,
    )


def model_of(
    session: Session,
    network: Network,
    scalings: Mapping[str, FeatureScaler],
    name: str,
    course: Mapping[str, Any],
    record: Mapping[str, Any],
) -> Model:
    """A trained network as a model, with its evidence and its metrics.

    Parameters
    ----------
    session
        Session that was learned.
    network
        Network with the weights that are kept.
    scalings
        Scalers of real-valued inputs.
    name
        Name of the model.
    course
        Course of the training that is kept, ``history`` and ``best_epoch``.
    record
        Further facts that are kept.
    """
    panel, config, begin, parts = session.panel, session.config, session.begin, session.parts
    model = Model(
        network=network,
        network_config=config.network,
        featurizer=config.featurizer(),
        tasks=panel.tasks,
        label_counts=label_counts(panel.take(parts.train)),
        kinds=panel.kinds,
        target_scaler=standardized_of(session)[0],
        name=name,
        scalings=dict(scalings),
        training={
            "config": config.model_dump(mode="json"),
            "panel_sha256": panel.digest(),
            "run": session.identity,
            "rows": {part: len(getattr(parts, part)) for part in ("train", "valid", "test")},
            "rows_left_out": parts.left_out,
            **course,
            **({"start_from": begin.source} if begin else {}),
            **session.record,
            **record,
        },
        training_molecules=molecules_of(session),
    )
    model.beside.update(session.beside)
    note_domain(session, model)
    give_evidence(model, session)
    if session.remembers:
        measure(model, panel, session.features, parts, session.about)
    return model


def _fitted(
    run: Run, device: str, n_devices: int, scratch: Path | None, progress: Progress | None
) -> tuple[Network, list[dict[str, Any]], float]:
    """A network as it is trained, or fitted; its epochs, and the one that was kept."""
    kind = run.config.network.kind  # type: ignore[attr-defined]
    if kind in fitters:
        return fitters[kind](run), [], 0
    with other_ranks(run, device, n_devices) as place:
        module, best = fit(run, place, scratch_loggers(run.config, scratch), progress)
    return module.network, module.history, best.epoch


def training_molecules(
    panel: Panel, parts: Split, featurizer: Featurizer, start: WarmStart | None = None
) -> TrainingMolecules | None:
    """Molecules of the training rows, and of the validation rows, which choose the epoch.

    Those of a model that is trained on are among them; those that transferred experts have seen are
    not, for they were not measured in these assays. None where not all can be known.
    """
    if panel.structures is None or not panel.has_structure.any():
        return None
    rows = np.concatenate([parts.train, parts.valid]).tolist()
    tautomer = featurizer.standardize == "tautomer"
    own = TrainingMolecules.of([panel.structures[row] for row in rows], tautomer=tautomer)
    if start is None or not start.is_whole:
        return own
    before = start.training_molecules
    return None if before is None else TrainingMolecules.union([before, own])


def molecules_of(session: Session) -> TrainingMolecules | None:
    """:func:`training_molecules` of a session; None where its model need not know them."""
    if not session.remembers:
        return None
    featurizer = session.config.featurizer()
    return training_molecules(session.panel, session.parts, featurizer, session.begin)


def measure(
    model: Model,
    panel: Panel,
    features: Features,
    parts: Split,
    about: Mapping[str, Described],
) -> None:
    """Give a model its metrics on the validation and test rows, its card and its sheet."""
    model.metrics = {
        part: _metrics(model, panel, features, getattr(parts, part)) for part in ("valid", "test")
    }
    model.card = model_card(model)
    model.beside[NAME] = sheet_of(model, model.metrics, about)


def _metrics(model: Model, panel: Panel, features: Features, rows: Any) -> Any:
    if not len(rows):
        return None
    cells = panel.cells.take(rows)
    predictions = predictions_at(model, features.take(rows), cells)
    return evaluate(cells, predictions, panel.tasks, kinds=panel.kinds).to_json()


def standardized(
    panel: Panel, rows: NDArray[np.int64], start: WarmStart | None
) -> tuple[TargetScaler | None, MeasuredCells]:
    """Cells to train on, values in standard units of some rows; outcomes alone as they are."""
    if view_dtype(panel.kinds) == np.int8:
        return None, panel.cells
    target_scaler = start.target_scaler if start else None
    if target_scaler is None:
        target_scaler = TargetScaler.of(panel.cells.take(rows), panel.kinds)
    return target_scaler, target_scaler.apply(panel.cells)


def standardized_of(session: Session) -> tuple[TargetScaler | None, MeasuredCells]:
    """:func:`standardized` of a session, in the units that it is given, if it is."""
    given = session.target_scaler
    if given is not None:
        return given, given.apply(session.panel.cells)
    return standardized(session.panel, session.parts.train, session.begin)


def label_counts(panel: Panel) -> dict[str, Any]:
    """Measured cells per task: see :attr:`Model.label_counts`."""
    counts: dict[str, Any] = {
        "active": panel.n_actives.tolist(),
        "inactive": panel.n_inactives.tolist(),
    }
    if view_dtype(panel.kinds) == np.int8:
        return counts
    return counts | {
        "measured": panel.cells.counts.tolist(),
        "classes": {
            task: np.bincount(
                panel.cells.of_task(t).values.astype(int), minlength=len(names)
            ).tolist()
            for t, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True))
            if (names := kind.outcomes) and not kind.has_actives
        },
    }


def device_of(config: TrainingConfig) -> str:
    """Name of the device that a run is on."""
    device = found_device(config.device)
    if config.precision == "tf32" and not device.startswith("cuda"):
        raise ConfigError(
            f"precision tf32: only CUDA devices have it, and the run is on {device}: choose "
            "float32 or bfloat16"
        )
    return device


def _n_devices(config: TrainingConfig, device: str) -> int:
    if is_spread():
        raise ConfigError("training starts its own processes: call it from one that has no ranks")
    found = torch.cuda.device_count() if device == "cuda" else 1
    n = found if config.devices == "auto" else config.devices
    if n > 1 and device not in ("cpu", "cuda"):
        raise ConfigError(f"devices: {n} are wanted, and device {device} is a single one")
    if device == "cuda" and n > found:
        raise ConfigError(f"devices: {n} are wanted, and this machine has {found}")
    return n
