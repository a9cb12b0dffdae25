"""Pictures and tables that a reader can compare: axes, shades, digits, widths."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import Evidence, model_report
from bioassay_mtl.report.experts import experts_section
from bioassay_mtl.report.heat_map import heat_map
from bioassay_mtl.report.plot import Axis, Plot
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import number, significant
from tests.report.conftest import Open
from tests.screening.mixed_model import mixed_model
from tests.screening.tiny_model import TASKS, tiny_model


def test_calibration_of_all_assays_has_the_same_axes() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((300, 3)) < [0.02, 0.05, 0.6]).astype(float)
    panel = Panel.from_arrays(["C" * (1 + n % 9) for n in range(300)], labels, TASKS[:3])
    p = rng.uniform(0.001, 0.9, (300, 3)).astype(np.float32)
    cards = str(model_report(Evidence(tiny_model(), panel, p, n_bootstrap=0)))
    svgs = re.findall(r'aria-label="(Calibration of|Observed share)[^"]*">(.*?)</svg>', cards)
    axes = {tuple(re.findall(r"<text[^>]*>([\d.]+)</text>", svg)) for _, svg in svgs}
    assert len(svgs) == 4
    assert len(axes) == 1
    assert "0.1" in axes.pop()  # logarithmic, as most assays are of few actives


def shades(model: Model, evidence: Evidence) -> set[float]:
    drawn = str(experts_section(replace(evidence, model=model)).body).split("</svg>")[0]
    return {float(shade) for shade in re.findall(r'fill-opacity="([\d.]+)"', drawn)}


def test_weights_that_are_nearly_alike_have_shades_of_their_own(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model()
    n_tasks, n_experts = model.network.connections.shape
    weights = np.linspace(0.24, 0.26, n_tasks * n_experts).reshape(n_tasks, n_experts)
    diversity = np.zeros((n_experts, n_experts))
    monkeypatch.setattr(
        "bioassay_mtl.report.experts._diagnosed", lambda *given: (weights, diversity)
    )
    model.network.connections[:] = True
    assert not shades(model, evidence)  # too even: said, not drawn
    assert "hardly prefer" in experts_section(replace(evidence, model=model)).body
    weights[:] = np.linspace(0.2, 0.3, weights.size).reshape(weights.shape)
    assert len(shades(model, evidence)) > 8
    assert "(0.20 to 0.30)" in experts_section(replace(evidence, model=model)).body


def test_numbers_in_a_map_are_those_that_are_given() -> None:
    values, written = np.array([[0.1, 1.0]]), np.array([[0.18, 0.19]])
    drawn = str(heat_map(values, ["a"], "map", written=written, shut=np.array([[True, False]])))
    assert "0.19" in drawn
    assert "0.18" not in drawn  # closed
    assert '"on"' not in heat_map(values, ["a"], "map")


@given(st.floats(-1e5, 1e5), st.floats(1, 1e7))
def test_marks_of_an_axis_never_lie_on_each_other(low: float, size: float) -> None:
    axis = Axis.around([low, low + size], "x", n_ticks=3)
    drawn = ElementTree.fromstring(Plot(axis, Axis.share("y"), 170, 150).svg("plot"))
    texts = [t for t in drawn.iter("text") if float(t.get("y", 0)) == 150 - 38 + 15]
    ends = []
    for text in texts:
        half = 3 * len(text.text or "")
        ends.append((float(text.get("x", 0)) - half, float(text.get("x", 0)) + half))
    assert ends
    assert all(a[1] <= b[0] + 0.5 for a, b in pairwise(ends))
    assert ends[-1][1] <= 170.1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2182.826, "2,183"),
        (0.856, "0.856"),
        (18.34, "18.3"),
        (1.234e-9, "1.23e-9"),
        (-1.234e-9, "−1.23e-9"),
        (0.0, "0.000"),
        (float("nan"), "–"),
    ],
)
def test_values_have_three_digits_in_any_unit(value: float, said: str) -> None:
    assert significant(value) == said


def test_nothing_is_minus_nothing() -> None:
    assert number(-0.0001) == "0.000"
    assert number(-0.001) == "−0.001"


def test_short_texts_stand_on_one_line() -> None:
    said = table("t", ["a"], [Column("Grade", ["do not use"], is_text=True)], name="Assay")
    assert '<td class="text word">do not use' in said
    said = table("t", ["a"], [Column("Name", ["a long name " * 3], is_text=True)], name="Assay")
    assert "<td class=text>a long" in said


def test_a_table_of_values_fits_a_screen_and_shows_where_it_goes_on(opened: Open) -> None:
    rng = np.random.default_rng(0)
    model = mixed_model()
    model.tasks = tuple(f"assay {name} pIC50" for name in model.tasks)
    model.kinds = tuple(model.kinds[4] for _ in model.kinds)
    labels = rng.normal(6, 1, (60, 5))
    panel = Panel.from_arrays(["C"] * 60, labels, model.tasks, kinds=model.kinds)
    predictions = (labels + rng.normal(0, 1, labels.shape)).astype(np.float32)
    tiny = replace(tiny_model(), tasks=model.tasks, kinds=model.kinds, label_counts={})
    page = model_report(Evidence(tiny, panel, predictions, n_bootstrap=20))
    width = """const wide = document.querySelector("#censored .wide");
        return [wide.clientWidth, wide.scrollWidth]"""
    seen, whole = opened(page, width=1280).execute_script(width)
    assert whole <= seen
    driver = opened(page, width=360)
    seen, whole = driver.execute_script(width)
    assert whole > seen
    ground = "return getComputedStyle(document.querySelector('#censored .wide')).backgroundImage"
    assert "linear-gradient" in driver.execute_script(ground)
