"""Chemprop's D-MPNN through its own command line, in an environment of its own.

Chemprop pins other versions than this project, so it is run as an external program::

    python3.11 -m venv chemprop-env
    chemprop-env/bin/pip install torch==2.13.0 chemprop==2.3.1 'pandas<3'
    python -m benchmarks.rivals --protocol B-random --models chemprop \
        --chemprop chemprop-env/bin/chemprop

With pandas 3, chemprop 2.3.1 cannot read bounds of values. Its printed metrics pool all tasks, so
its predictions are scored with our own code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.harness.contenders import Options, Outcome
from benchmarks.harness.datasets import Source
from benchmarks.harness.ledger import CACHE, Floats
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.labels import as_floats

BATCH = 64
WARMUP = 2
FEATURIZERS = "--molecule-featurizers"
EPOCHS = 25
COMMON = ("--smiles-columns", "smiles", "--num-workers", "0", "--accelerator", "cpu")


class ChempropFailedError(RuntimeError):
    """The external program ended with an error."""


def chemprop(data: Source, seed: int, options: Options, more: Sequence[str] = ()) -> Outcome:
    """Its network with more options or its defaults.

    Of the checkpoints that one counts whose predictions of the validation rows are best; bounds of
    values count as such in the loss. Tables and checkpoints are in a git-ignored folder.
    """
    program, tasks = options.chemprop, data.panel.tasks
    if program is None or not program.is_file():
        raise SystemExit("chemprop runs as a program of its own: give it with --chemprop")
    name = f"{data.name}{'-'.join(more)}-{seed}".replace(" ", "").replace("/", "_")
    folder = CACHE / "chemprop" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_tables(data, folder)
    epochs = 2 if options.quick else EPOCHS
    words = train_words(data.panel, epochs, seed, more)
    run_program([program, *words], folder)
    read = inputs_of(more)
    valid = {
        path: data.valid_score(_predict(program, path, "valid.csv", folder, len(tasks), read))
        for path in sorted(folder.glob("model/**/*.ckpt"))
    }
    if not valid:
        raise ChempropFailedError("expected checkpoints from chemprop train, found none; see log")
    chosen = max(valid, key=lambda path: valid[path])
    settings = {
        "options": " ".join([*task_words(data.panel), *more]),
        "model": "default D-MPNN (depth 3, width 300, mean aggregation, 1-layer head of 300)",
        "epochs": epochs,
        "batch_size": BATCH,
        "checkpoint": "best validation loss or last, whichever is better on validation rows",
        "version": version(program),
    }
    notes = {"checkpoint": chosen.stem, "valid_score": round(valid[chosen], 5)}
    test = _predict(program, chosen, "test.csv", folder, len(tasks), read)
    return Outcome(test, settings, notes)


def inputs_of(options: Sequence[str]) -> Sequence[str]:
    """Those options that a prediction needs too: what is read beside the graph."""
    if FEATURIZERS not in options:
        return ()
    place = list(options).index(FEATURIZERS)
    return options[place : place + 2]


def task_words(panel: Panel) -> tuple[str, ...]:
    """Kind of the tasks and its loss."""
    if all(kind.has_actives for kind in panel.kinds):
        return ("--task-type", "classification")
    return ("--task-type", "regression", "--loss-function", "bounded-mse")


def train_words(panel: Panel, epochs: int, seed: int, options: Sequence[str] = ()) -> list[str]:
    """Words of a training of ``train.csv``, that ``model`` will hold."""
    words = ["train", "--data-path", "train.csv", *COMMON]
    words += ["--splits-column", "split", "--output-dir", "model", "--batch-size", str(BATCH)]
    words += ["--epochs", str(epochs), "--warmup-epochs", str(min(WARMUP, max(1, epochs - 1)))]
    words += ["--pytorch-seed", str(seed), *task_words(panel), *options]
    return [*words, "--target-columns", *panel.tasks]


def write_tables(data: Source, folder: Path) -> None:
    """Write ``train.csv``, with the validation rows in it, ``valid.csv`` and ``test.csv``."""
    smiles = np.array(data.smiles, dtype=object)
    rows = np.concatenate([data.fit, data.valid])
    table = pd.DataFrame(cells(data.panel.take(rows)), columns=list(data.panel.tasks))
    table.insert(0, "smiles", smiles[rows])
    table.insert(1, "split", ["train"] * len(data.fit) + ["val"] * len(data.valid))
    table.to_csv(folder / "train.csv", index=False)
    for name, rows in (("valid", data.valid), ("test", data.test)):
        pd.DataFrame({"smiles": smiles[rows]}).to_csv(folder / f"{name}.csv", index=False)


def cells(panel: Panel) -> NDArray[np.object_]:
    """Labels as text, (n, T): empty where not measured, ``>5`` and ``<5`` for bounds."""
    labels = as_floats(panel.labels)
    sides = np.zeros(labels.shape, np.int8) if panel.bounds is None else panel.bounds
    text = np.full(labels.shape, "", dtype=object)
    for row, column in np.argwhere(panel.mask):
        sign = {-1: "<", 0: "", 1: ">"}[int(sides[row, column])]
        text[row, column] = f"{sign}{labels[row, column]:g}"
    return text


def version(program: Path) -> str:
    """Version of the external program, read from its environment's package list."""
    found = list(program.parent.parent.glob("lib/python*/site-packages/chemprop-*.dist-info"))
    return found[0].name.removesuffix(".dist-info").split("-")[1] if found else "unknown"


def _predict(
    program: Path,
    checkpoint: Path,
    table: str,
    folder: Path,
    n_tasks: int,
    read: Sequence[str] = (),
) -> Floats:
    output = f"predicted_{table}"
    words = ["predict", "--test-path", table, *COMMON, *read, "--preds-path", output]
    words += ["--model-paths", str(checkpoint.relative_to(folder))]
    run_program([program, *words], folder)
    found = pd.read_csv(folder / output)
    expected = len(pd.read_csv(folder / table))
    if len(found) != expected:
        raise ChempropFailedError(f"expected {expected} predicted rows, found {len(found)}")
    # The tasks are the last columns, in the order of --target-columns.
    return found[found.columns[-n_tasks:]].to_numpy(dtype=float)


def run_program(command: Sequence[str | Path], folder: Path) -> None:
    """Run with one thread and a log file."""
    program, *words = (str(each) for each in command)
    env = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with (folder / "log.txt").open("ab") as log:
        whole = [str(Path(program).absolute()), *words]
        done = subprocess.run(whole, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=env)
    if done.returncode != 0:
        last = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-3:]
        said = " | ".join(last)
        raise ChempropFailedError(f"{Path(program).name} ended with {done.returncode}: {said}")
