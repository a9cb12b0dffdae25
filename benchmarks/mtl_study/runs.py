"""One piece of work: train a cell with some settings and score the rows that it is allowed."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mixture_study.runs import NO_ROWS, n_parameters
from benchmarks.mtl_study.cases import Cell, Settings, batch_size, full_settings, trials
from benchmarks.mtl_study.datasets import Dataset, read
from benchmarks.mtl_study.memory import measured_peak
from benchmarks.mtl_study.presets import Preset
from benchmarks.rivals.ledger import Entry, Ledger, make_entry
from benchmarks.rivals.provenance import provenance
from benchmarks.rivals.scores import AssayScore, score_all
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.score import AVERAGE_PRECISION

TRIAL_SEED = 0


@dataclass
class Fitted:
    """Models of a cell (several where each assay has its own), and the course of training."""

    models: list[Model]
    curve: list[float]
    valid_ap: float
    seconds: float
    cpu_seconds: float
    megabytes: float | None


@dataclass
class Study:
    """One dataset at one size, and what was done before.

    Parameters
    ----------
    dataset
        Name of a dataset.
    preset
        The size.
    folder
        The data, or None for where they are looked for.
    ledger
        Finished work; a piece that is there with the same settings is not done again.
    before_work
        Called with the cell before every run; what it raises ends the study.
    """

    dataset: str
    preset: Preset
    folder: str | None
    ledger: Ledger
    before_work: Callable[[Cell], None] = lambda cell: None

    @cached_property
    def data(self) -> Dataset:
        """Rows with features."""
        return read(self.dataset, self.folder, self.preset.rows)

    @cached_property
    def made_with(self) -> dict[str, Any]:
        """Versions, commit and device."""
        found = provenance()
        if self._cuda:
            import torch

            found["machine"] = torch.cuda.get_device_name()
        return found

    @cached_property
    def _cuda(self) -> bool:
        import torch

        return self.preset.device == "auto" and torch.cuda.is_available()

    def describe(self) -> None:
        """Keep what the report says of the dataset."""
        data, key = self.data, self._key("data", "", 0, "all")
        notes = {
            "about": data.about,
            "tasks": list(data.tasks),
            "actives": data.n_actives,
            "fit": data.n_fit,
            "valid": len(data.choice) - data.n_fit,
            "test": len(data.test),
            "preset": {**vars(self.preset)},
            "batch_size": batch_size(self.preset, data.n_fit),
        }
        done = self.ledger.get(key)
        if done is None or done.notes | {"made_with": 0} != _plain(notes) | {"made_with": 0}:
            self.ledger.add(make_entry(key, {}, 0.0, notes | {"made_with": self.made_with}))

    def tune(self, cell: Cell, number: int, chosen: Settings) -> Entry:
        """One trial, scored by the macro average precision of its best epoch on validation rows."""
        key = self._key("tune", cell.name, TRIAL_SEED, f"trial {number}")
        if done := self.finished(key, chosen):
            return done
        fitted = self.fit(cell, chosen, TRIAL_SEED)
        return self._keep(key, chosen, fitted, {})

    def choose(self, cell: Cell) -> Settings:
        """Settings of the best trial; all of them must be done."""
        tried = list(trials(cell, self.preset))
        entries = [self.tune(cell, number, chosen) for number, chosen in enumerate(tried)]
        best = max(range(len(tried)), key=lambda number: entries[number].notes["valid_ap"])
        return tried[best]

    def test(self, cell: Cell, chosen: Settings, seed: int) -> Entry:
        """A finalist with one seed, on the test rows."""
        key = self._key("test", cell.name, seed, "all")
        if done := self.finished(key, chosen):
            return done
        fitted = self.fit(cell, chosen, seed)
        test = self.data.test
        probabilities = np.concatenate([_predict(model, test) for model in fitted.models], axis=1)
        # A run that diverged ranks nothing: it is scored as such, not left out.
        probabilities = np.nan_to_num(probabilities, nan=0.0)
        scores = score_all(test.labels, probabilities, test.tasks)
        return self._keep(key, chosen, fitted, scores)

    def fit(self, cell: Cell, chosen: Settings, seed: int) -> Fitted:
        """Train, keeping the epoch that is best on the validation rows."""
        self.before_work(cell)
        settings = full_settings(cell, self.preset, chosen, self.data, seed)
        config = TrainingConfig.of(settings)
        panels = [self.data.choice]
        if cell.model == "single_task":
            panels = [self.data.choice.select_tasks([task]) for task in self.data.tasks]
        with measured_peak(self._cuda) as peak:
            start, cpu_start = time.perf_counter(), time.process_time()
            models = [self._fit_panel(panel, config) for panel in panels]
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
        curves = np.array(
            [[e.get(AVERAGE_PRECISION, np.nan) for e in m.training["history"]] for m in models]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # an assay that cannot be validated
            curve = np.nan_to_num(np.nanmean(curves, axis=0)).tolist()
            best = float(np.nan_to_num(np.nanmean(np.nanmax(curves, axis=1))))
        return Fitted(models, curve, best, seconds, cpu, peak.megabytes)

    def _fit_panel(self, panel: Panel, config: TrainingConfig) -> Model:
        fit = np.arange(self.data.n_fit)
        valid = np.arange(self.data.n_fit, len(panel))
        if len(panel.tasks) == 1:
            measured = panel.mask[:, 0]
            fit, valid = fit[measured[fit]], valid[measured[valid]]
        return train(panel, config, parts=Split(fit, valid, NO_ROWS, len(panel)))

    def n_missing(self, cell: Cell) -> int:
        """About how many runs of a cell are still to be done."""
        missing = [
            not self.finished(self._key("tune", cell.name, TRIAL_SEED, f"trial {number}"), chosen)
            for number, chosen in enumerate(trials(cell, self.preset))
        ]
        tests = (self._key("test", cell.name, seed, "all") for seed in self.preset.seeds)
        return sum(missing) + sum(self.ledger.get(key) is None for key in tests)

    def finished(self, key: tuple[str, str, str, str, int, str], chosen: Settings) -> Entry | None:
        """The entry of a piece of work that was done with these settings."""
        done = self.ledger.get(key)
        if done is None or done.notes["settings"] != _plain(chosen):
            return None
        return done if done.notes["preset"] == self._size else None

    def _key(
        self, stage: str, name: str, seed: int, unit: str
    ) -> tuple[str, str, str, str, int, str]:
        return (self.dataset, name, self.preset.name, stage, seed, unit)

    @cached_property
    def _size(self) -> list[Any]:
        """What else decides the result of a piece of work."""
        preset = self.preset
        return [preset.rows, preset.width, preset.epochs, preset.batch_size, preset.precision]

    def _keep(
        self,
        key: tuple[str, str, str, str, int, str],
        chosen: Settings,
        fitted: Fitted,
        scores: dict[str, AssayScore],
    ) -> Entry:
        memory = fitted.megabytes
        notes = {
            "settings": _plain(chosen),
            "preset": self._size,
            "valid_ap": round(fitted.valid_ap, 5),
            "curve": [round(value, 5) for value in fitted.curve],
            "parameters": sum(n_parameters(model) for model in fitted.models),
            "cpu_seconds": round(fitted.cpu_seconds, 2),
            "peak_mb": None if memory is None else round(memory, 1),
            "made_with": self.made_with,
        }
        return self.ledger.add(make_entry(key, scores, fitted.seconds, notes))


def _plain(settings: Any) -> Any:
    """As JSON gives it back."""
    if isinstance(settings, dict):
        return {key: _plain(value) for key, value in settings.items()}
    return [_plain(v) for v in settings] if isinstance(settings, (list, tuple)) else settings


def _predict(model: Model, panel: Panel) -> NDArray[np.float32]:
    assert panel.features is not None
    return model.predict_features(dict(panel.features))
