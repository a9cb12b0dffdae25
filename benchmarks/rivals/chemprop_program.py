"""Chemprop's default D-MPNN through its own command line, in an environment of its own.

Chemprop pins other versions than this project, so it is run as an external program::

    python3.11 -m venv chemprop-env
    chemprop-env/bin/pip install torch==2.13.0 chemprop==2.3.1 'pandas<3'
    python -m benchmarks.rivals --protocol B-random --rival chemprop \
        --chemprop chemprop-env/bin/chemprop

With pandas 3, chemprop 2.3.1 cannot read bounds of values. Its printed metrics pool all tasks, so
its predictions are scored with our own code.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.rivals import scores
from benchmarks.rivals.evaluation import Evaluation

BATCH = 64
WARMUP = 2


@dataclass(frozen=True)
class ChempropResult:
    """Predictions (n, n_tasks) of the test rows and how the training went."""

    valid_score: scores.AssayScore
    test: NDArray[np.floating]
    notes: dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """Predictions (n, n_tasks) of validation and test rows, of the chosen checkpoint."""

    valid: NDArray[np.floating]
    test: NDArray[np.floating]
    notes: dict[str, Any]


class ChempropFailedError(RuntimeError):
    """The external program ended with an error."""


def settings(epochs: int, options: Sequence[str] = ()) -> dict[str, Any]:
    """Settings that differ from chemprop's defaults, or that a reader wants to see."""
    own = {"options": " ".join(options)} if options else {}
    return own | {
        "model": "default D-MPNN (depth 3, width 300, mean aggregation, 1-layer head of 300)",
        "epochs_scheduled": epochs,
        "warmup_epochs": min(WARMUP, max(1, epochs - 1)),
        "batch_size": BATCH,
        "checkpoint": "best validation loss or last, whichever has the higher validation macro AP",
    }


def fit_program(
    program: Path,
    rows: Evaluation,
    folder: Path,
    seed: int,
    epochs: int,
    minutes: float,
    options: Sequence[str] = (),
) -> ChempropResult:
    """Train, choose a checkpoint on the validation rows, predict the test rows.

    Parameters
    ----------
    program : Path
        The ``chemprop`` command.
    rows : Evaluation
        With SMILES.
    folder : Path
        Emptied, then used for the tables and checkpoints.
    seed : int
    epochs : int
        Length of the learning-rate schedule.
    minutes : float
        Training is stopped after this long; the checkpoints so far are used.
    options : sequence of str
        Further options of ``chemprop train``.
    """
    if rows.smiles is None:
        raise ValueError(f"chemprop needs SMILES, and protocol {rows.name} has none")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write_training_table(rows, folder / "train.csv")
    _write_smiles(rows, rows.valid, folder / "valid.csv")
    _write_smiles(rows, rows.test, folder / "test.csv")
    label = rows.label[rows.valid]

    def average_precision(guess: NDArray[np.floating]) -> float:
        return scores.macro(scores.score_all(label, guess, rows.tasks)).ap

    options = ("--task-type", "classification", *options)
    found = fit_tables(
        program, folder, rows.tasks, average_precision, seed, epochs, minutes, options
    )
    chosen = scores.macro(scores.score_all(label, found.valid, rows.tasks))
    return ChempropResult(chosen, found.test, found.notes)


def fit_tables(
    program: Path,
    folder: Path,
    tasks: tuple[str, ...],
    score: Callable[[NDArray[np.floating]], float],
    seed: int,
    epochs: int,
    minutes: float,
    options: Sequence[str],
) -> Trained:
    """Train on the tables of a folder, choose a checkpoint, predict.

    Parameters
    ----------
    program, seed, epochs, minutes
        As for :func:`fit_program`.
    folder : Path
        With ``train.csv`` (``smiles``, ``split`` as ``train`` or ``val``, the tasks), and
        ``valid.csv`` and ``test.csv`` (``smiles``).
    tasks : tuple of str
    score : callable
        From predictions (n_valid, n_tasks) to what is highest for the checkpoint to choose.
    options : sequence of str
        Of ``chemprop train``, the task type among them.
    """
    fixed = settings(epochs)
    train = ["train", "--data-path", "train.csv", "--smiles-columns", "smiles"]
    train += ["--splits-column", "split", "--output-dir", "model"]
    train += ["--epochs", str(epochs), "--warmup-epochs", str(fixed["warmup_epochs"])]
    train += ["--batch-size", str(BATCH), "--num-workers", "0", "--accelerator", "cpu"]
    train += ["--pytorch-seed", str(seed), *options]
    train += ["--target-columns", *tasks]
    finished = _run(program, train, folder, minutes * 60)
    guesses = {
        path: _predict(program, path, "valid.csv", folder, tasks)
        for path in sorted(folder.glob("model/**/*.ckpt"))
    }
    if not guesses:
        raise ChempropFailedError("expected checkpoints from chemprop train, found none; see log")
    valid_scores = {path: score(guess) for path, guess in guesses.items()}
    chosen = max(guesses, key=lambda path: valid_scores[path])
    test = _predict(program, chosen, "test.csv", folder, tasks)
    notes = {
        "finished": finished,
        "epochs_reached": _epochs_reached(folder),
        "valid_scores": {_checkpoint_name(path): round(valid_scores[path], 4) for path in guesses},
        "checkpoint": _checkpoint_name(chosen),
    }
    return Trained(guesses[chosen], test, notes)


def version(program: Path) -> str:
    """Version of the external program, read from its environment's package list."""
    found = list(program.parent.parent.glob("lib/python*/site-packages/chemprop-*.dist-info"))
    return found[0].name.removesuffix(".dist-info").split("-")[1] if found else "unknown"


def _write_training_table(rows: Evaluation, path: Path) -> None:
    assert rows.smiles is not None
    numbers = np.concatenate([rows.fit, rows.valid])
    label = rows.label[numbers].astype(float)
    label[label < 0] = np.nan
    table = pd.DataFrame(label, columns=list(rows.tasks))
    table.insert(0, "smiles", [rows.smiles[number] for number in numbers])
    table.insert(1, "split", ["train"] * len(rows.fit) + ["val"] * len(rows.valid))
    table.to_csv(path, index=False, float_format="%.0f")


def _write_smiles(rows: Evaluation, numbers: NDArray[np.int64], path: Path) -> None:
    assert rows.smiles is not None
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["smiles"])
        writer.writerows([rows.smiles[number]] for number in numbers)


def _predict(
    program: Path, checkpoint: Path, table: str, folder: Path, tasks: tuple[str, ...]
) -> NDArray[np.floating]:
    output = f"predicted_{table}"
    command = ["predict", "--test-path", table, "--smiles-columns", "smiles", "--preds-path"]
    command += [output, "--model-paths", str(checkpoint.relative_to(folder))]
    command += ["--num-workers", "0", "--accelerator", "cpu"]
    _run(program, command, folder, None)
    found = pd.read_csv(folder / output)
    expected = len(pd.read_csv(folder / table))
    if len(found) != expected:
        raise ChempropFailedError(f"expected {expected} predicted rows, found {len(found)}")
    # The tasks are the last columns, in the order of --target-columns.
    return found[found.columns[-len(tasks) :]].to_numpy(dtype=float)


def _run(program: Path, arguments: list[str], folder: Path, seconds: float | None) -> bool:
    """Run with one thread and a log file; False where the time limit ended it."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [str(program.absolute()), *arguments],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **threads},
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
            return False
        except BaseException:
            process.kill()
            raise
    if code != 0:
        last = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-3:]
        raise ChempropFailedError(f"chemprop {arguments[0]} ended with {code}: {' | '.join(last)}")
    return True


def _epochs_reached(folder: Path) -> int | None:
    """Count the epochs that ended with a validation; one cut short does not count."""
    tables = list(folder.glob("model/**/metrics.csv"))
    if not tables:
        return None
    return int(pd.read_csv(tables[0])["val_loss"].notna().sum())


def _checkpoint_name(path: Path) -> str:
    return re.sub(r"-val_loss=.*", "", path.stem)
