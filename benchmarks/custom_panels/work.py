"""One piece of work: a contender, a panel, a seed; done once, and kept."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cached_property

from benchmarks.custom_panels.contender import Options, contenders
from benchmarks.custom_panels.judge import Key, scored
from benchmarks.custom_panels.panels import PANELS, CustomPanel, read
from benchmarks.rivals.ledger import Entry, Ledger
from benchmarks.rivals.provenance import provenance


@dataclass
class Comparison:
    """One panel, and what was done before.

    Parameters
    ----------
    name
        Of the panel.
    folder
        The data, or None for where they are looked for.
    ledger
        Finished work; a piece that is there is not done again.
    options
        How contenders are run.
    """

    name: str
    folder: str | None
    ledger: Ledger
    options: Options

    @cached_property
    def data(self) -> CustomPanel:
        """Its rows."""
        return read(self.name, self.folder)

    def run(self, model: str, seed: int) -> Entry:
        """Train, predict the test rows and score them, once."""
        key: Key = (self.name, model, str(PANELS[self.name][1] or "all"), "test", seed, "all")
        if done := self.ledger.get(key):
            return done
        data = self.data
        contender = contenders[model]
        if contender.reads:
            getattr(data, contender.reads)
        start, cpu = time.perf_counter(), cpu_seconds()
        outcome = contender.run(data, seed, self.options)
        seconds, cpu = time.perf_counter() - start, cpu_seconds() - cpu
        notes = {
            "settings": outcome.settings,
            "cpu_seconds": round(cpu, 1),
            **outcome.notes,
            "about": data.about,
            "assays": len(data.panel.tasks),
            "fit": len(data.parts.train),
            "valid": len(data.parts.valid),
            "test": len(data.parts.test),
            "made_with": provenance(),
        }
        return self.ledger.add(scored(data, key, outcome.test, seconds, notes))


def cpu_seconds() -> float:
    """Processor time of this process and of the programs that it ran."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
