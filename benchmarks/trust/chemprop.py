"""What chemprop says of its own confidence, on the rows that ours is judged on.

An ensemble of three with the settings that won on Tox21 in the study on graphs. A fifth of what may
be learned from is its validation rows, on which it is calibrated too, as its documentation does, by
Platt's method or isotonic regression; of values by conformal regression, on exact ones alone, as it
reads no bounds there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from rdkit.Chem import MolFromSmiles

from benchmarks.graph_study.cases import TRIALS
from benchmarks.harness.chemprop_program import COMMON, EPOCHS, cells, run_program, train_words
from benchmarks.harness.datasets import Rows
from benchmarks.harness.ledger import CACHE
from benchmarks.trust.measures import Floats, Found, error_by, outcome_scores
from bioassay_mtl.confidence.conformal import errors
from bioassay_mtl.confidence.evidence import LEVELS
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split

MEMBERS = 3
PREDICT = """
import sys
from chemprop.cli import main, predict

plain = predict.save_predictions


def save(args, model, columns, preds, uncs, path):
    if args.uncertainty_method == "classification":  # calibrated, and not written otherwise
        preds = uncs
    plain(args, model, columns, preds, uncs, path)


predict.save_predictions = save
sys.argv[0] = "chemprop"
main.main()
"""


class Chemprop:
    """An ensemble trained on all but the test rows of a panel."""

    def __init__(self, program: Path, panel: Panel, parts: Split, seed: int) -> None:
        self.program, self.panel = program, panel
        ok = np.array([MolFromSmiles(each) is not None for each in panel.structures or ()])
        self.places, self.n = np.flatnonzero(ok[parts.test]), len(parts.test)
        self.folder = CACHE / "chemprop" / "trust"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        known = np.r_[parts.train, parts.valid]
        known = np.random.default_rng(seed).permutation(known[ok[known]])
        n_valid = len(known) // 5
        valid, train = known[:n_valid], known[n_valid:]
        self._write("train", np.r_[train, valid], ["train"] * len(train) + ["val"] * n_valid)
        self._write("calibrate", valid)
        self._write("test", parts.test[self.places])
        several = ("--ensemble-size", str(MEMBERS))
        words = train_words(panel, EPOCHS, seed, (*TRIALS["chemprop fast"], *several))
        run_program([program, *words], self.folder)

    def says(self, method: str, calibration: str | None = None, *more: str) -> Floats:
        """Predictions, then uncertainties where these are written, of the test rows.

        NaN where RDKit reads no molecule, at which chemprop stops.
        """
        script = self.folder / "predict.py"
        script.write_text(PREDICT)
        words = ["predict", "--test-path", "test.csv", *COMMON]
        words += ["--preds-path", "said.csv", "--uncertainty-method", method]
        words += ["--model-paths", *(str(p) for p in sorted(self.folder.glob("model/**/best.pt")))]
        if calibration is not None:
            words += ["--calibration-method", calibration, "--cal-path", "calibrate.csv", *more]
        run_program([self.program.with_name("python"), script, *words], self.folder)
        tasks = [*self.panel.tasks]
        found = pd.read_csv(self.folder / "said.csv")
        own = [f"{task}_unc" for task in tasks]
        kinds = [tasks, own] if own[0] in found else [tasks]
        said = np.full((len(kinds), self.n, len(tasks)), np.nan)
        said[:, self.places] = np.stack([found[columns].to_numpy(float) for columns in kinds])
        return said

    def _write(self, name: str, rows: Rows, part: list[str] | None = None) -> None:
        table = pd.DataFrame(cells(self.panel.take(rows)), columns=list(self.panel.tasks))
        if name == "calibrate":
            table = table.replace(r"^[<>].*", "", regex=True)
        table.insert(0, "smiles", np.array(self.panel.structures, object)[rows])
        if part is not None:
            table.insert(1, "split", part)
        table.to_csv(self.folder / f"{name}.csv", index=False)


def of_outcomes(program: Path, panel: Panel, parts: Split, seed: int) -> Found:
    """Calibration before and after, and the error by the spread of the ensemble."""
    ensemble, labels = Chemprop(program, panel, parts, seed), panel.take(parts.test).labels
    raw, spread = ensemble.says("ensemble")
    for name, said in (
        ("chemprop", raw),
        ("chemprop_platt", ensemble.says("classification", "platt")[0]),
        ("chemprop_isotonic", ensemble.says("classification", "isotonic")[0]),
    ):
        yield from outcome_scores(said, labels, name)
    error = np.where(labels < 0, np.nan, (raw - (labels == 1)) ** 2)
    yield from error_by("chemprop_spread", error, raw, spread)


def of_values(program: Path, panel: Panel, parts: Split, seed: int) -> Found:
    """Coverage and width of its intervals, and the error by the spread of the ensemble."""
    ensemble, test = Chemprop(program, panel, parts, seed), panel.take(parts.test).cells
    at = test.row, test.task
    said, spread = ensemble.says("ensemble")
    away = errors(said[at], test.value.astype(float), test.bound)
    for level in LEVELS:
        alpha = "--conformal-alpha", f"{1 - level:.3g}"
        _, width = ensemble.says("ensemble", "conformal-regression", *alpha)
        yield (
            f"coverage_at_{level:.0%}_chemprop",
            float((away <= width[at])[~np.isnan(away)].mean()),
        )
        yield f"half_width_at_{level:.0%}_chemprop", float(np.nanmean(width[at]))
    error = np.full(said.shape, np.nan)
    error[at] = away
    yield "mean_error_chemprop", float(np.nanmean(error))
    yield from error_by("chemprop_spread", error, said, spread)
