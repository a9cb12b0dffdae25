"""``train_together({name: (panel, config)}) -> models``."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.errors import ConfigError, ModelFolderError, TrainingError, counted
from bioassay_mtl.files import whole_folder, write_whole
from bioassay_mtl.models.folder import write_files
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import FeatureScaler, fit_scalings
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.architectures.mmoeex import MMoEEx
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.callbacks import Progress
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.finish import Finish
from bioassay_mtl.training.fit import device_of, model_of, run_of
from bioassay_mtl.training.members import numbered
from bioassay_mtl.training.place import Place
from bioassay_mtl.training.scratch import JOINT, TOGETHER, claimed, clear, scratch_loggers
from bioassay_mtl.training.session import Session
from bioassay_mtl.training.together.apart import kept_apart
from bioassay_mtl.training.together.checkpoint import JointCheckpoint
from bioassay_mtl.training.together.run import Panels, train_rounds
from bioassay_mtl.training.together.settings import TogetherConfig
from bioassay_mtl.training.together.sharing import Sharing
from bioassay_mtl.training.trainers import fitters, trainers

log = logging.getLogger(__name__)
Settings = TrainingConfig | Mapping[str, Any] | None


@dataclass(frozen=True)
class Together:
    """Result of a training of several panels.

    Parameters
    ----------
    models
        One a panel, by its name: an ordinary model.
    record
        Record of what they share, and how; plain values, which ``together.json`` holds.
    """

    models: dict[str, Model]
    record: dict[str, Any]


def train_together(
    panels: Mapping[str, Panel | tuple[Panel, Settings]],
    sharing: str | Mapping[str, Any] | Sharing | None = None,
    *,
    config: TogetherConfig | Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
    finish: Finish | None = None,
    finish_all: Callable[[Together, Path], object] | None = None,
) -> Together:
    """Train a model for each of several panels, which share some of what they learn.

    Each panel keeps its molecules, kinds, split, metrics and, unless experts are shared, its
    architecture; what is not set is chosen for each panel as for one alone, but for trees. The
    groups of a panel's assays can be given as panels of their own.

    Parameters
    ----------
    panels
        Panel, or panel and settings, by name.
    sharing
        Kind of sharing: ``none``, ``trunk``, ``mmoeex``, ``adapters`` (the default) or ``muir``, or
        its settings by ``kind``.
    config
        Other settings, or these too: see
        :class:`~bioassay_mtl.training.together.settings.TogetherConfig`.
    out
        Folder of the model folders, and of ``together.json``; it appears whole.
    resume
        Go on from the last round that was kept in ``OUT.training``: the result is that of an
        unbroken run, to the byte. A run that has ended already gives its models.
    workers
        Processes that featurize.
    progress
        Called after each round for each ``panel`` with its epoch, loss and score.
    finish
        Called with each model and its folder before these appear.
    finish_all
        Called with all that was trained and the folder of folders before this appears.

    Returns
    -------
    Together
        The models, each with the weights of its own best round, and what they share.

    Raises
    ------
    ConfigError
        A setting is wrong, or panels cannot share so; ``out`` exists; or to resume, it is of
        another run.
    InputError
        A panel has no row to train on.
    OutputError
        Writing fails, for example on a full disk.
    TrainingError
        The run diverged.
    """
    whole = _whole(config, sharing)
    _check(panels, whole)
    out = None if out is None else Path(out)
    with claimed(out, resume, TOGETHER) as scratch:
        settled = settled_sessions(panels, whole, workers)
        sessions, left_out = sessions_of(settled, whole)
        identity = _identity(sessions, whole)
        if out is not None and out.exists():
            return _completed(out, scratch, identity)
        scalings = _scalings(sessions, joint=whole.sharing.shares_experts)
        place = Place(_device(sessions))
        runs = {name: run_of(each, scalings[name]) for name, each in sessions.items()}
        settings = {name: each.config for name, each in settled.items()}
        learning = Panels(runs, whole, place, settings)
        keeper = JointCheckpoint(scratch / TOGETHER if scratch else None, identity)
        if resume:
            keeper.load(learning, learning)
        with _told(sessions, scratch, progress) as told:
            try:
                train_rounds(
                    learning,
                    partial(keeper.keep, learning, learning),
                    rests=whole.sharing.kind == "none",
                    told=told,
                )
            except TrainingError:
                keeper.discard()
                raise
        record = _record(learning, sessions, left_out, whole, identity)
        models = {}
        for name, session in sessions.items():
            module, best = learning.modules[name], learning.best[name]
            course = {"history": module.history, "best_epoch": best.epoch}
            models[name] = model_of(
                session, module.network, scalings[name], name, course, {"together": record}
            )
        trained = Together(models, record)
        _publish(trained, out, finish, finish_all)
        if scratch is not None:
            clear(scratch)
        return trained


def settled_sessions(
    panels: Mapping[str, Panel | tuple[Panel, Settings]], config: TogetherConfig, workers: int = 1
) -> dict[str, Session]:
    """The panels with settings as each would have them alone.

    If experts are shared, panels that set none get those of the largest one.
    """
    given = {
        name: each if isinstance(each, tuple) else (each, None) for name, each in panels.items()
    }
    order = [*given]
    if config.sharing.shares_experts:
        order.sort(key=lambda name: -len(given[name][0]))
    found: dict[str, Session] = {}
    for name in order:
        panel, settings = given[name]
        if not isinstance(settings, TrainingConfig):
            settings = TrainingConfig.of(settings or {})
        if config.sharing.shares_experts and found:
            settings = _as_of(found[order[0]].config, settings)
        found[name] = Session.of(panel, settings, workers=workers)
    _check_trained(
        {name: each.config for name, each in found.items()}, shares=config.sharing.kind != "none"
    )
    return {name: found[name] for name in given}


def sessions_of(
    settled: Mapping[str, Session], config: TogetherConfig
) -> tuple[dict[str, Session], dict[str, int]]:
    """The panels as they are trained, and how many training rows of each are left out for others.

    Parameters
    ----------
    settled
        Result of :func:`settled_sessions`.
    config
        Settings of the training together.
    """
    whole = config.sharing.settings({name: each.config for name, each in settled.items()})
    rounds = max(each.epochs for each in whole.values())
    if config.sharing.kind != "none":
        whole = {name: each.model_copy(update={"epochs": rounds}) for name, each in whole.items()}
    before = {name: settled[name].with_settings(each) for name, each in whole.items()}
    after = kept_apart(before) if config.apart else before
    left_out = {
        name: len(before[name].parts.train) - len(each.parts.train) for name, each in after.items()
    }
    return after, left_out


def _as_of(first: TrainingConfig, own: TrainingConfig) -> TrainingConfig:
    """Settings with the inputs and experts of another's, where they set none."""
    taken = ("fingerprints", "network", "max_atoms", "standardize")
    unset = {name: getattr(first, name) for name in taken if name not in own.model_fields_set}
    return own.model_copy(update=unset)


def _whole(
    config: TogetherConfig | Mapping[str, Any] | None,
    sharing: str | Mapping[str, Any] | Sharing | None,
) -> TogetherConfig:
    if sharing is None:
        return config if isinstance(config, TogetherConfig) else TogetherConfig.of(config or {})
    if isinstance(config, TogetherConfig) or "sharing" in (config or {}):
        raise ConfigError("sharing: it is given by itself and within config: give one")
    return TogetherConfig.of({"sharing": sharing, **(config or {})})


def _check(panels: Mapping[str, Any], config: TogetherConfig) -> None:
    if len(panels) < 2:
        raise ConfigError(f"two panels or more are trained together, found {len(panels)}")
    for name in panels:
        if not name or name != Path(name).name or name.startswith(".") or name == JOINT:
            raise ConfigError(f"panel {name!r}: its name must be one of a folder")
    for name in config.panel_weights:
        if name not in panels:
            raise ConfigError(f"panel_weights: unknown panel {name!r}; known: {', '.join(panels)}")


def _check_trained(configs: Mapping[str, TrainingConfig], *, shares: bool) -> None:
    for name, config in configs.items():
        kind = config.network.kind  # type: ignore[attr-defined]
        if kind in trainers or kind in fitters:
            raise ConfigError(
                f"panel {name!r}: a network of kind {kind!r} is not trained by gradient as a "
                "whole, so that panels cannot be trained together with it: set network.kind to "
                "mmoeex, or leave the network out"
            )
        if shares and not issubclass(networks[kind], MMoEEx):
            raise ConfigError(
                f"panel {name!r}: networks of kind {kind!r} share nothing: set network.kind to "
                "mmoeex, mmoe or shared_bottom, or sharing to none"
            )
        if config.devices != 1:
            raise ConfigError(f"panel {name!r}: panels are trained together on one device")


def _device(sessions: Mapping[str, Session]) -> str:
    devices = {name: device_of(session.config) for name, session in sessions.items()}
    if len({*devices.values()}) > 1:
        raise ConfigError(f"device: panels are trained together on one, found {devices}")
    return next(iter(devices.values()))


def _identity(sessions: Mapping[str, Session], config: TogetherConfig) -> str:
    # States are kept, and steps and draws dealt, in the order of the panels.
    runs = [(name, session.identity) for name, session in sessions.items()]
    text = json.dumps([runs, config.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _scalings(
    sessions: Mapping[str, Session], *, joint: bool
) -> dict[str, dict[str, FeatureScaler]]:
    """Scalers of real-valued inputs by panel; one of all training rows if experts are shared."""
    if not joint:
        return {
            name: fit_scalings(session.features.blocks, session.parts.train)
            | dict(session.begin.scalings if session.begin else {})
            for name, session in sessions.items()
        }
    raw: dict[str, list[Any]] = {}
    for session in sessions.values():
        for name, block in session.features.blocks.items():
            if block.is_real:
                raw.setdefault(name, []).append(block.raw()[session.parts.train])
    whole = {}
    for name, parts in raw.items():
        block = DenseBlock(np.concatenate(parts).astype(np.float32))
        whole[name] = FeatureScaler.fit(block, np.arange(len(block)))
    return {
        name: {key: whole[key] for key, block in session.features.blocks.items() if block.is_real}
        for name, session in sessions.items()
    }


@contextmanager
def _told(
    sessions: Mapping[str, Session], scratch: Path | None, progress: Progress | None
) -> Iterator[dict[str, list[Progress]]]:
    """Callbacks for each panel's rounds."""
    logs = {
        name: scratch_loggers(session.config, scratch / name if scratch else None)
        for name, session in sessions.items()
    }
    try:
        yield {
            name: [*own, *([named] if (named := numbered(progress, panel=name)) else [])]
            for name, own in logs.items()
        }
    finally:
        for own in logs.values():
            for each in own:
                each.close()


def _record(
    learning: Panels,
    sessions: Mapping[str, Session],
    left_out: Mapping[str, int],
    config: TogetherConfig,
    identity: str,
) -> dict[str, Any]:
    return {
        "identity": identity,
        "settings": config.model_dump(mode="json"),
        "panels": {
            name: {
                "tasks": len(session.panel.tasks),
                "train": len(session.parts.train),
                "kept_apart": left_out[name],
                "steps_of_a_round": learning.steps_of[name],
                "best_epoch": learning.best[name].epoch,
            }
            for name, session in sessions.items()
        },
        "rounds": learning.epoch,
        "shared": learning.shares.record(
            {name: session.panel.tasks for name, session in sessions.items()}
        ),
    }


def _publish(
    trained: Together,
    out: Path | None,
    finish: Finish | None,
    finish_all: Callable[[Together, Path], object] | None,
) -> None:
    """Write all folders, which appear at once."""
    if out is None:
        return
    with whole_folder(out) as folder:
        for name, model in trained.models.items():
            (folder / name).mkdir()
            write_files(model, folder / name)
            if finish is not None:
                finish(model, folder / name)
        write_whole(folder / JOINT, json.dumps(trained.record, indent=1) + "\n")
        if finish_all is not None:
            finish_all(trained, folder)


def _completed(out: Path, scratch: Path | None, identity: str) -> Together:
    try:
        record: dict[str, Any] = json.loads((out / JOINT).read_text(encoding="utf-8"))
        of_run, names = record["identity"], [*record["panels"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(f"{out / JOINT}: cannot be read: {error!r}") from None
    if of_run != identity:
        raise ConfigError(
            f"{out} is complete, and of a run with other settings or other data: choose another "
            "folder, or remove it"
        )
    log.info("%s is complete: %s", out, counted(len(names), "model"))
    if scratch is not None:
        clear(scratch)
    return Together({name: Model.load(out / name) for name in names}, record)
