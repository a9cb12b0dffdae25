"""Course of ``train``: a bar on a terminal, else a line for each epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer

Show = Callable[[Mapping[str, Any]], None]
_COUNTED = ("trial", "member", "fold", "expert", "run", "epoch")


class TimeLeft:
    """An upper bound of the time that training still takes, from that of the epochs so far.

    Early stopping, and trials that are given up, only shorten it.

    Parameters
    ----------
    epochs
        Number of epochs of one model.
    members, trials
        Number of models (members, or one for each fold) that are trained in the end, and of those
        that are tried before.
    experts, runs
        Number of experts, and of trainings of each, of a model whose experts are trained alone.
    panels
        Panels that are trained at once, each with a record of each epoch.
    jobs
        Models, experts or trials that are trained at a time.
    """

    def __init__(
        self,
        epochs: int,
        members: int = 1,
        trials: int = 0,
        experts: int = 1,
        runs: int = 1,
        panels: int = 1,
        jobs: int = 1,
    ) -> None:
        self.panels = panels
        self.epochs, self.members, self.trials = epochs, members, trials
        self.experts, self.runs, self.jobs = experts, runs, jobs
        self._start = time.perf_counter()
        self._seen = 0
        self._at_work = dict[tuple[bool, int], int]()
        self._shares = dict[int, dict[int, float]]()
        self.left = 0

    def __call__(self, record: Mapping[str, Any]) -> float:
        """Seconds, after the epoch of a record."""
        self._seen += 1
        passed = time.perf_counter() - self._start
        if "expert" in record:  # they differ in what they take: a guess, and no bound
            return float(passed * max(0.0, 1 / self._share_done(record) - 1))
        per_epoch = passed * self.panels / self._seen
        if self.jobs > 1:
            return per_epoch * self._epochs_left(record)
        runs = self.members - record.get("member", record.get("fold", 1))
        if "trial" in record:
            runs = self.trials - record["trial"] + self.members
        return float(per_epoch * (self.epochs - record["epoch"] + self.epochs * runs))

    def _share_done(self, record: Mapping[str, Any]) -> float:
        """Share of the trainings of experts that is done: those that began first have ended, if
        others have begun. The last run of each comes when all experts have had the others."""
        expert, run, folds = record["expert"] - 1, record["run"] - 1, self.runs - 1
        place = expert * folds + run if run < folds else self.experts * folds + expert
        model = record.get("member", record.get("fold", 1))
        shares = self._shares.setdefault(model, {})
        shares[place] = record.get("epoch", self.epochs) / self.epochs
        self._shares[model] = {each: shares[each] for each in sorted(shares)[-self.jobs :]}
        before = (min(self._shares) - 1) * self.experts * self.runs
        done = before + sum(
            max(each) + 1 - len(each) + sum(each.values()) for each in self._shares.values()
        )
        return float(done / (self.experts * self.runs * self.members))

    def _epochs_left(self, record: Mapping[str, Any]) -> int:
        """Epochs left of all trainings together; those that began first have ended, if others have
        begun."""
        is_trial = "trial" in record
        number = record["trial"] if is_trial else record.get("member", record.get("fold", 1))
        self._at_work[is_trial, number] = record["epoch"]
        latest = sorted(place for place in self._at_work if place[0] == is_trial)[-self.jobs :]
        self._at_work = {place: self._at_work[place] for place in latest}
        waiting = (self.trials if is_trial else 0) - latest[-1][1] + self.members
        self.left = sum(self.epochs - done for done in self._at_work.values())
        self.left += self.epochs * waiting
        return self.left

    @property
    def all_epochs(self) -> int:
        """Epochs of all trainings, of which `left` are still to come."""
        return self.epochs * (self.trials + self.members)


@contextmanager
def shown_epochs(
    epochs: int,
    members: int = 1,
    trials: int = 0,
    experts: int = 1,
    runs: int = 1,
    panels: int = 1,
    jobs: int = 1,
) -> Iterator[Show]:
    """A function that is called after every epoch, and shows it on standard error.

    Parameters
    ----------
    epochs, members, trials, experts, runs, panels, jobs
        See :class:`TimeLeft`.
    """
    if not sys.stderr.isatty():
        yield show_epoch
        return
    from rich.progress import BarColumn, Progress, TextColumn

    from bioassay_mtl.cli.console import PlainConsole

    left = TimeLeft(epochs, members, trials, experts, runs, panels, jobs)
    counts = {"trial": trials, "member": members, "fold": members, "epoch": epochs}
    counts |= {"expert": experts, "run": runs}
    bound = "at most" if experts == 1 else "about"
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"))
    with Progress(*columns, console=PlainConsole(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=epochs, facts="")

        def step(record: Mapping[str, Any]) -> None:
            where = [record["panel"]] if "panel" in record else []
            where += [
                f"{name} {record[name]:.0f}/{counts[name]}" for name in _COUNTED if name in record
            ]
            score = [
                f"{n} {v:.4g}" for n, v in record.items() if n not in (*_COUNTED, "loss", "panel")
            ]
            facts = [*score, f"{bound} {duration(left(record))} left"]
            total, done = epochs, record.get("epoch", epochs)
            if jobs > 1 and experts == 1:  # of all, for one after the other tells of itself
                total, done = left.all_epochs, left.all_epochs - left.left
            bar.update(task, description=", ".join(where), facts=", ".join(facts))
            bar.update(task, total=total, completed=done)

        yield step


def duration(seconds: float) -> str:
    """A time in words, to the precision of an estimate: ``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def show_epoch(record: Mapping[str, Any]) -> None:
    """A line on standard error after an epoch."""
    said = [
        f"{name} {value}" if isinstance(value, str) else f"{name} {value:.5g}"
        for name, value in record.items()
    ]
    typer.echo(", ".join(said), err=True)
