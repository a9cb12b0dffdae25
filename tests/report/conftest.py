"""Real pages about small real models, and a browser that looks at them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import Evidence, gather
from tests.needs import absent, extra
from tests.screening.tiny_model import TASKS, tiny_model

HOSTILE = "<script>document.title='broken'</script>"


@pytest.fixture(scope="session")
def evidence(nci_smiles: list[str]) -> Evidence:
    """200 NCI molecules in four of the five assays of a small model, a third not measured."""
    smiles = nci_smiles[:200]
    rng = np.random.default_rng(0)
    labels = np.array([[float("N" in s), float("O" in s), float("Cl" in s), 0.0] for s in smiles])
    labels[rng.random(labels.shape) < 1 / 3] = np.nan
    ids = [f"molecule {n}" for n in range(len(smiles))]
    panel = Panel.from_arrays(smiles, labels, TASKS[:4], ids=ids)
    return gather(tiny_model(), panel, rows="test molecules", n_bootstrap=20)


def wide_evidence(n_tasks: int, n_molecules: int = 30) -> Evidence:
    """Many assays with predictions at random, under hostile names."""
    rng = np.random.default_rng(1)
    tasks = [f"assay {n} {HOSTILE}" for n in range(n_tasks)]
    labels = rng.integers(-1, 2, (n_molecules, n_tasks)).astype(np.int8)
    smiles = ["C" * (1 + n % 20) for n in range(n_molecules)]
    panel = Panel(smiles, None, labels, tuple(tasks), [HOSTILE] * n_molecules)
    model = tiny_model()
    model.name = HOSTILE
    model.annotations = {task: {"target_class": HOSTILE} for task in tasks[:3]}
    predictions = rng.random(labels.shape).astype(np.float32)
    return Evidence(model, panel, predictions, rows=HOSTILE, n_bootstrap=0)


Open = Callable[..., Any]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium."""
    webdriver = extra("selenium.webdriver", "test")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not (chromium and chromedriver):
        absent("no Chromium with its driver is installed (Debian: chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        f"user-data-dir={tmp_path_factory.mktemp('browser')}",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    yield browser
    browser.quit()


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    """Open a page on a screen of some width; what the console holds afterwards is an error."""

    def show(html: str, *, width: int = 1280, dark: bool = False, medium: str = "") -> Any:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": medium, "features": [scheme]}
        )
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        driver.get(path.as_uri())
        assert driver.get_log("browser") == []
        return driver

    return show
