"""A kind is complete where it is in each registry, and then works from a table to a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.balance.losses.kind_losses import kind_losses
from bioassay_mtl.metrics.cells import kind_cells
from bioassay_mtl.metrics.judging import kind_judging
from bioassay_mtl.metrics.registries import kind_metrics
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.stacking.losses import stack_losses
from bioassay_mtl.panels import Panel
from bioassay_mtl.panels.reading import kind_readers
from bioassay_mtl.registry import open_registries
from bioassay_mtl.report.evidence import Evidence, gather
from bioassay_mtl.report.kinds import kind_reports
from bioassay_mtl.report.model_report import model_report
from bioassay_mtl.tasks.kinds import task_kinds
from bioassay_mtl.training import train
from tests.tasks import toy_kind

REGISTRIES: dict[str, Any] = {
    "heads": heads,
    "losses": kind_losses,
    "losses of stackings": stack_losses,
    "cells": kind_cells,
    "metrics": kind_metrics,
    "judging": kind_judging,
    "readers": kind_readers,
    "reports": kind_reports,
}


@pytest.mark.parametrize("name", REGISTRIES)
def test_each_kind_is_in_each_registry(name: str) -> None:
    # The loss of actives and inactives is chosen by its own name: bce, focal, ...
    without = {"binary"} if name == "losses" else set()
    assert set(REGISTRIES[name]) == set(task_kinds) - without


@pytest.fixture
def toy() -> Iterator[None]:
    held = [task_kinds, *(each for each in REGISTRIES.values() if each is not kind_metrics)]
    before = [dict(each._entries) for each in held]
    toy_kind.register()
    yield
    for each, entries in zip(held, before, strict=True):
        each._entries.clear()
        each._entries.update(entries)
    del open_registries[kind_metrics.pop(toy_kind.NAME).group]


@pytest.mark.usefixtures("toy")
def test_a_new_kind_works_from_table_to_report(nci_smiles: list[str], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = [f"{smiles},{rng.random():.3f},{rng.integers(2)}" for smiles in nci_smiles[:60]]
    (tmp_path / "panel.csv").write_text("\n".join(["smiles,inhibited,toxic", *lines, "CCO,,1"]))
    panel = Panel.read(
        tmp_path / "panel.csv", tasks={"inhibited": toy_kind.NAME, "toxic": "binary"}
    )
    assert [kind.kind for kind in panel.kinds] == [toy_kind.NAME, "binary"]
    assert panel.cells.counts.tolist() == [60, 61]
    settings: dict[str, Any] = {
        "fingerprints": {"morgan": {"kind": "morgan"}},
        "network": {"experts": [{"inputs": ["morgan"], "n": 2, "width": 8}]},
        "split": {"kind": "random", "fractions": (0.6, 0.2, 0.2)},
        "epochs": 2,
    }
    model = train(panel, settings)
    assert 0 <= model.metrics["test"]["macro_by_kind"][toy_kind.NAME]["share_error"] <= 1
    predicted = model.predict(nci_smiles[:5])["inhibited"]
    assert ((predicted > 0) & (predicted < 1)).all()
    evidence: Evidence = gather(model, panel, n_bootstrap=5)
    assert "60 shares of inhibited" in model_report(evidence)
