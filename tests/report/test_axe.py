"""Pages as those see them who do not see them, or not well: axe finds no fault."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.models.assay_sheet import Assay
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import (
    beside_baseline,
    gather,
    held_out,
    hit_reasons,
    model_report,
    screen_report,
)
from bioassay_mtl.report.reasons import reasons_page
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.splits import split
from bioassay_mtl.training.fit import train
from tests.needs import extra
from tests.report.conftest import Open
from tests.report.test_screen_report import nci_screen
from tests.screening.mixed_model import mixed_model
from tests.screening.tiny_model import tiny_model

LINEAR = {
    "fingerprints": {"ecfp": {"kind": "morgan", "n_bits": 64}},
    "network": {"kind": "linear", "inputs": ["ecfp"]},
}


def of_training(smiles: list[str], folder: Path) -> str:
    labels = [[float("N" in text), float(len(text))] for text in smiles]
    panel = Panel.from_arrays(smiles, labels, ["n", "long"], kinds=["binary", "regression"])
    parts = split(panel, kind="random", fractions=(0.7, 0.0, 0.3))
    model = train(panel, LINEAR, parts=parts)
    return model_report(beside_baseline(held_out(model, panel, parts), panel, parts))


def of_all_kinds(smiles: list[str], folder: Path) -> str:
    model, rng = mixed_model(), np.random.default_rng(0)
    n = len(smiles)
    outcomes = [rng.integers(0, 3, n), *(rng.integers(0, 2, n) for _ in range(2))]
    values = [rng.normal(size=n) for _ in range(2)]
    labels = np.stack([outcomes[0], values[0], *outcomes[1:], values[1]], axis=1)
    panel = Panel.from_arrays(smiles, labels, model.tasks, kinds=model.kinds)
    return model_report(gather(model, panel, n_bootstrap=20))


def of_a_screen(smiles: list[str], folder: Path) -> str:
    summary, tally = nci_screen(smiles, folder)
    return screen_report(summary, tally, hit_reasons(tiny_model(), tally, ScreenOptions()))


def of_reasons(smiles: list[str], folder: Path) -> str:
    model = tiny_model()
    found = [one for one in model.explain(smiles[:3], model.tasks[0]) if one is not None]
    return reasons_page(found, [Assay(id=model.tasks[0])] * len(found), "tiny", [0.1] * len(found))


@pytest.mark.parametrize(
    "made",
    [pytest.param(of_training, marks=pytest.mark.soak), of_all_kinds, of_a_screen, of_reasons],
)
@pytest.mark.cases(1)
def test_axe_finds_nothing(
    made: object, opened: Open, nci_smiles: list[str], tmp_path: Path
) -> None:
    extra("axe_core_python", "test")
    program = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    page = made(nci_smiles[:80], tmp_path)  # type: ignore[operator]
    for width, dark in ((360, True), (1280, False)):
        driver = opened(page, width=width, dark=dark)
        driver.execute_script(program)
        found = driver.execute_async_script("axe.run().then(arguments[0])")
        assert len(found["passes"]) > 10
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
