"""What ``train`` shows of its course: a bar on a terminal, else a line for each epoch."""

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
        Of one model.
    members, trials
        How many models (members, or one for each fold) are trained in the end, and how many are
        tried before (0 for none).
    experts, runs
        Of a model whose experts are trained each on its own: how many, and how often each.
    panels
        That are trained at once, each with a record of each epoch.
    """

    def __init__(
        self,
        epochs: int,
        members: int = 1,
        trials: int = 0,
        experts: int = 1,
        runs: int = 1,
        panels: int = 1,
    ) -> None:
        self.panels = panels
        self.epochs, self.members, self.trials = epochs, members, trials
        self.experts, self.runs = experts, runs
        self._start = time.perf_counter()
        self._seen = 0

    def __call__(self, record: Mapping[str, Any]) -> float:
        """Seconds, after the epoch of a record."""
        self._seen += 1
        passed = time.perf_counter() - self._start
        if "expert" in record:  # they differ in what they take: a guess, and no bound
            done = (record["expert"] - 1) * self.runs + record["run"] - 1
            done += record.get("epoch", self.epochs) / self.epochs
            model = record.get("member", record.get("fold", 1)) - 1
            share = (model + done / (self.experts * self.runs)) / self.members
            return float(passed * max(0.0, 1 / share - 1))
        per_epoch = passed * self.panels / self._seen
        runs = self.members - record.get("member", record.get("fold", 1))
        if "trial" in record:
            runs = self.trials - record["trial"] + self.members
        return float(per_epoch * (self.epochs - record["epoch"] + self.epochs * runs))


@contextmanager
def shown_epochs(
    epochs: int,
    members: int = 1,
    trials: int = 0,
    experts: int = 1,
    runs: int = 1,
    panels: int = 1,
) -> Iterator[Show]:
    """A function that is called after every epoch, and shows it on standard error.

    Parameters
    ----------
    epochs, members, trials, experts, runs, panels
        See :class:`TimeLeft`.
    """
    if not sys.stderr.isatty():
        yield show_epoch
        return
    from rich.progress import BarColumn, Progress, TextColumn

    from bioassay_mtl.cli.console import PlainConsole

    left = TimeLeft(epochs, members, trials, experts, runs, panels)
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
            done = record.get("epoch", epochs)
            bar.update(task, description=", ".join(where), completed=done, facts=", ".join(facts))

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
