"""Run one rival in one evaluation: choose its features, fit, score, keep every piece of work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.rivals import chemprop_program, deepchem_network, features, scores
from benchmarks.rivals.choice import candidates, chosen_features
from benchmarks.rivals.evaluation import Evaluation
from benchmarks.rivals.ledger import Entry, Ledger, make_entry
from benchmarks.rivals.per_assay import RIVALS, AssayRival, cap_inactives, predict_assay
from benchmarks.rivals.provenance import provenance

NAMES = (*RIVALS, "deepchem", "deepchem_refit", "chemprop")
CHOICE_ACTIVES = 5


class NotPossibleError(RuntimeError):
    """A rival cannot run here or not in this evaluation; the message says why."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes
    ----------
    seeds : tuple of int
        Seeds of the networks; per-assay rivals and chemprop take the first.
    quick : bool
        Few rows, assays, trees and epochs.
    minutes : float
        Per-assay rivals stop between two assays after this long and the next call goes on;
        deepchem begins no epoch after it.
    features : tuple of str
        Feature sets that deepchem tries; empty for all.
    chemprop : Path or None
        The external program.
    chemprop_epochs : int
    chemprop_minutes : float
    forest_inactives : int
        Most inactive training rows that a random forest sees an assay.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    quick: bool = False
    minutes: float = float("inf")
    features: tuple[str, ...] = ()
    chemprop: Path | None = None
    chemprop_epochs: int = 30
    chemprop_minutes: float = 25.0
    forest_inactives: int = 5000


def run(rival: str, rows: Evaluation, ledger: Ledger, options: Options) -> str:
    """Run what is not yet in the ledger; returns the name of the chosen features."""
    if rival == "chemprop":
        return _run_chemprop(rows, ledger, options)
    if rival == "deepchem":
        return _run_deepchem(rows, ledger, options)
    if rival == "deepchem_refit":
        return _run_deepchem_refit(rows, ledger, options)
    return _run_per_assay(rival, rows, ledger, options)


def _run_per_assay(name: str, rows: Evaluation, ledger: Ledger, options: Options) -> str:
    rival, seed = RIVALS[name], options.seeds[0]
    if name == "random_forest":
        rival = cap_inactives(rival, options.forest_inactives)
    _note_settings(name, rows, ledger, seed, rival.settings)
    started = time.monotonic()
    matrices = {
        key: features.build(key, rows.packed, rows.smiles) for key in candidates(name, rows.name)
    }
    if len(matrices) > 1:
        for index in _choice_assays(rows, rival.choice_assays):
            for key, x in matrices.items():
                _one_assay(name, rival, rows, ledger, options, key, x, "choice", index)
    chosen = chosen_features(name, rows.name, ledger)
    for index in range(len(rows.tasks)):
        if time.monotonic() - started > options.minutes * 60:
            break
        _one_assay(name, rival, rows, ledger, options, chosen, matrices[chosen], "final", index)
    return chosen


def _choice_assays(rows: Evaluation, number: int) -> NDArray[np.int64]:
    """Assays with enough validation actives, evenly spaced by their number of actives."""
    actives = (rows.label[rows.valid] == 1).sum(axis=0)
    order = np.argsort(-actives, kind="stable")
    able = order[actives[order] >= CHOICE_ACTIVES]
    able = able if len(able) else order[:1]
    picks = np.linspace(0, len(able) - 1, min(number, len(able)))
    return np.asarray(able[np.unique(picks.round().astype(np.int64))])


def _one_assay(
    name: str,
    rival: AssayRival,
    rows: Evaluation,
    ledger: Ledger,
    options: Options,
    feature: str,
    x: sparse.csr_matrix,
    stage: str,
    index: int,
) -> Entry:
    seed, task = options.seeds[0], rows.tasks[index]
    key = (rows.name, name, feature, stage, seed, task)
    done = ledger.get(key)
    if done is not None:
        return done
    fit, new = (rows.fit, rows.valid) if stage == "choice" else (rows.train, rows.test)
    label = rows.label[:, index]
    new = new[label[new] >= 0]
    started = time.perf_counter()
    guess = predict_assay(rival, x, label, fit, new, seed, options.quick)
    seconds = time.perf_counter() - started
    found = scores.score_assay(label[new], guess)
    notes = {"actives": int((label[fit] == 1).sum()), "inactives": int((label[fit] == 0).sum())}
    return ledger.add(make_entry(key, {task: found} if found else {}, seconds, notes))


def _run_deepchem(rows: Evaluation, ledger: Ledger, options: Options) -> str:
    _need("deepchem")
    _note_settings("deepchem", rows, ledger, options.seeds[0], deepchem_network.SETTINGS)
    for feature in options.features or candidates("deepchem", rows.name):
        _one_network(rows, ledger, options, feature, options.seeds[0])
    chosen = chosen_features("deepchem", rows.name, ledger)
    for seed in options.seeds[1:]:
        _one_network(rows, ledger, options, chosen, seed)
    return chosen


def _one_network(
    rows: Evaluation, ledger: Ledger, options: Options, feature: str, seed: int
) -> None:
    final = (rows.name, "deepchem", feature, "final", seed, "all")
    if ledger.get(final) is not None:
        return
    started = time.perf_counter()
    parts = {"fit": rows.fit, "valid": rows.valid, "test": rows.test}
    x = features.build(feature, rows.packed, rows.smiles)
    epochs = 2 if options.quick else deepchem_network.EPOCHS
    result = deepchem_network.fit_network(
        x, rows.label, parts, rows.tasks, seed, epochs, minutes=options.minutes
    )
    seconds = time.perf_counter() - started
    notes = {"best_epoch": result.best_epoch, "epochs": result.epochs}
    stopped = result.epochs < epochs and result.epochs - result.best_epoch < (
        deepchem_network.PATIENCE
    )
    notes["finished"] = not stopped
    choice = (rows.name, "deepchem", feature, "choice", seed, "all")
    valid = scores.score_all(rows.label[rows.valid], result.valid, rows.tasks)
    test = scores.score_all(rows.label[rows.test], result.test, rows.tasks)
    ledger.add(make_entry(choice, valid, seconds, notes))
    ledger.add(make_entry(final, test, seconds, notes))


def _run_deepchem_refit(rows: Evaluation, ledger: Ledger, options: Options) -> str:
    """Fit all training rows for the median of the epochs that early stopping chose."""
    _need("deepchem")
    if rows.name == "B-scaffold":
        raise NotPossibleError("the scaffold fit already has all training rows")
    chosen = chosen_features("deepchem", rows.name, ledger)
    stopped = ledger.select(rows.name, "deepchem", "final", chosen)
    if not stopped:
        raise NotPossibleError("run deepchem first: its epochs are taken over")
    epochs = int(np.median([entry.notes["best_epoch"] for entry in stopped]))
    settings = {**deepchem_network.SETTINGS, "stop_on": f"after {epochs} epochs, all training rows"}
    _note_settings("deepchem_refit", rows, ledger, options.seeds[0], settings)
    for seed in options.seeds:
        key = (rows.name, "deepchem_refit", chosen, "final", seed, "all")
        if ledger.get(key) is not None:
            continue
        started = time.perf_counter()
        parts = {"fit": rows.train, "valid": rows.valid, "test": rows.test}
        x = features.build(chosen, rows.packed, rows.smiles)
        result = deepchem_network.fit_network(
            x, rows.label, parts, rows.tasks, seed, epochs, stop_early=False
        )
        test = scores.score_all(rows.label[rows.test], result.test, rows.tasks)
        seconds = time.perf_counter() - started
        ledger.add(make_entry(key, test, seconds, {"epochs": epochs}))
    return chosen


def _run_chemprop(rows: Evaluation, ledger: Ledger, options: Options) -> str:
    if rows.smiles is None:
        raise NotPossibleError("protocol A has no structures")
    seed = options.seeds[0]
    key = (rows.name, "chemprop", "graph", "final", seed, "all")
    if ledger.get(key) is not None:
        return "graph"
    if options.chemprop is None:
        raise NotPossibleError("give the chemprop program with --chemprop")
    if not options.chemprop.is_file():
        raise NotPossibleError("the file given with --chemprop does not exist")
    epochs = 2 if options.quick else options.chemprop_epochs
    settings = chemprop_program.settings(epochs)
    settings["version"] = chemprop_program.version(options.chemprop)
    _note_settings("chemprop", rows, ledger, seed, settings)
    started = time.perf_counter()
    folder = features.CACHE / f"chemprop-{rows.name}{'-quick' if options.quick else ''}"
    result = chemprop_program.fit_program(
        options.chemprop, rows, folder, seed, epochs, options.chemprop_minutes
    )
    test = scores.score_all(rows.label[rows.test], result.test, rows.tasks)
    ledger.add(make_entry(key, test, time.perf_counter() - started, result.notes))
    return "graph"


def _note_settings(
    rival: str, rows: Evaluation, ledger: Ledger, seed: int, settings: dict[str, object]
) -> None:
    key = (rows.name, rival, "", "settings", seed, "all")
    if ledger.get(key) is None:
        sizes = {part: len(getattr(rows, part)) for part in ("train", "fit", "valid", "test")}
        notes = {"settings": settings, "rows": sizes, **provenance()}
        ledger.add(make_entry(key, {}, 0.0, notes))


def _need(package: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise NotPossibleError(f"{package} is not installed")
