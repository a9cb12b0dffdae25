"""The page about a model, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from bioassay_mtl.errors import InputError
from bioassay_mtl.metrics import Ranking
from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import Evidence, gather, held_out, model_report
from bioassay_mtl.report.heat_map import MOST_COLUMNS, averaged, heat_map
from bioassay_mtl.report.kinds.curves import calibration, precision_recall
from bioassay_mtl.report.kinds.mistakes import worst
from bioassay_mtl.report.molecule import molecule
from bioassay_mtl.splits import split
from tests.report.conftest import HOSTILE, wide_evidence
from tests.screening.tiny_model import TASKS, tiny_model


class Tables(HTMLParser):
    """The rows of a page's tables, as texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.inside = tag
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == "table" else self.inside

    def handle_data(self, data: str) -> None:
        if self.inside in ("td", "th") and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def test_the_table_holds_the_metrics(evidence: Evidence) -> None:
    rows = {row[0]: row for row in Tables(model_report(evidence)).rows if row}
    for at, task in enumerate(evidence.panel.tasks):
        labels = evidence.panel.labels[:, at]
        assert rows[task][1] == str((labels == 1).sum())
        assert rows[task][2] == str((labels == 0).sum())
        if not (labels == 1).any():
            assert rows[task][3:6] == ["–"] * 3
            continue
        measured = labels >= 0
        expected = average_precision_score(labels[measured], evidence.judged(at).predictions[:, 0])
        assert rows[task][4].startswith(f"{expected:.3f}")


def test_assays_are_called_by_name_and_graded(evidence: Evidence) -> None:
    row = {"task": TASKS[1], "n_actives": 50, "n_inactives": 50, "roc_auc": 1.0}
    metrics = {"test": {"tasks": [row | {"average_precision": 1.0}]}}
    known = {TASKS[1]: Described(name="Oxygen")}
    model = replace(evidence.model, beside={})
    model.beside["assays"] = sheet_of(model, metrics, known)
    assert '<td class="text word">Oxygen<td class="text word">usable<' in model_report(
        replace(evidence, model=model)
    )
    assert '<td class="text word">usable<' not in model_report(evidence)


def test_all_parts_are_there(evidence: Evidence) -> None:
    page = model_report(evidence)
    found = re.findall(r'<section id="([\w-]+)"', page)
    # The small model was not trained: it has no history.
    assert found == ["verdict", "assays", "curves", "mistakes", "experts", "settings"]
    assert page.count('class="molecule"') >= 6


def test_experts_are_counted_as_in_settings_and_arrays(evidence: Evidence) -> None:
    experts = model_report(evidence).split('<section id="experts"')[1].split("</section>")[0]
    n_experts = evidence.model.network.connections.shape[1]
    found = {int(number) for number in re.findall(r"\bexpert (\d+)", experts)}
    assert found == set(range(n_experts))


def test_a_trained_model_tells_of_its_training(nci_smiles: list[str]) -> None:
    from bioassay_mtl.training.fit import train
    from tests.training.conftest import small_config

    labels = np.array([[float("N" in s), float("O" in s)] for s in nci_smiles[:120]])
    panel = Panel.from_arrays(nci_smiles[:120], labels, ["nitrogen", HOSTILE])
    config = small_config(epochs=2)
    parts = split(panel, config.split)
    model = train(panel, config, parts=parts)
    page = model_report(held_out(model, panel, parts))
    assert "held-out test molecules" in page
    assert "Molecules were dealt out at random" in page
    assert "Loss by epoch" in page
    assert page.count("<script>") == 1
    assert model.training["panel_sha256"] in page


def test_held_out_falls_back_and_says_so(nci_smiles: list[str]) -> None:
    panel = Panel.from_arrays(nci_smiles[:10], np.ones((10, 1)), TASKS[:1])
    parts = split(panel, kind="random", fractions=(1, 0, 0))
    assert "training molecules themselves" in held_out(tiny_model(), panel, parts).rows
    parts = split(panel, kind="random", fractions=(0.5, 0.5, 0))
    assert held_out(tiny_model(), panel, parts).rows.startswith("validation")


def test_molecules_that_cannot_be_read_are_counted() -> None:
    panel = Panel.from_arrays(["CCO", "no molecule"], np.ones((2, 1)), TASKS[:1])
    found = gather(tiny_model(), panel)
    assert (len(found.panel), found.left_out) == (1, 1)
    with pytest.raises(InputError, match="no molecule of the panel can be read"):
        gather(tiny_model(), panel.take([1]))
    with pytest.raises(InputError, match="none of the model's 5 assays"):
        gather(tiny_model(), Panel.from_arrays(["C"], np.ones((1, 1)), ["other"]))


def test_one_molecule_gives_a_page() -> None:
    panel = Panel.from_arrays(["CCO"], np.ones((1, 1)), TASKS[:1])
    page = model_report(gather(tiny_model(), panel))
    assert "nothing can be said about the ranking" in page
    text = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S)
    assert not re.search(r"\bnan\b", text, flags=re.I)


def test_a_panel_without_structures_gives_a_page(evidence: Evidence) -> None:
    from dataclasses import replace

    panel = evidence.panel
    bare = Panel(None, {"x": np.zeros((len(panel), 1))}, panel.labels, panel.tasks, panel.ids)  # type: ignore[dict-item]
    assert "Worst mistakes" in model_report(replace(evidence, panel=bare))


@pytest.mark.soak
def test_ten_thousand_assays_fit_in_three_megabytes() -> None:
    evidence = wide_evidence(10_000, n_molecules=12)
    object.__setattr__(
        evidence.panel, "tasks", tuple(f"CHEMBL{n:07}" for n in range(len(evidence.panel.tasks)))
    )
    page = model_report(evidence)
    assert page.count("<tr>") > 10_000
    assert len(page.encode()) < 3_000_000


def test_everything_given_is_escaped() -> None:
    page = model_report(wide_evidence(3))
    assert page.count("<script>") == 1
    assert page.count("&lt;script&gt;document.title") > 10


def test_mistakes_are_wrong_confident_and_of_different_molecules(evidence: Evidence) -> None:
    labels = evidence.panel.labels
    p = np.full(labels.shape, np.nan, np.float32)
    for task in range(labels.shape[1]):
        judged = evidence.judged(task)
        p[judged.rows, task] = judged.predictions[:, 0]
    alarms, missed = worst(evidence)
    assert alarms
    assert missed
    for mistake in alarms:
        assert labels[mistake.row, mistake.task] == 0
        assert mistake.probability == p[mistake.row, mistake.task] > min(mistake.share, 0.5)
    for mistake in missed:
        assert labels[mistake.row, mistake.task] == 1
        assert mistake.probability < min(mistake.share, 0.5)
    for found in (alarms, missed):
        assert len({m.row for m in found}) == len(found)
    assert alarms[0].probability == p[labels == 0][(p > 0)[labels == 0]].max()


def test_alarms_of_an_assay_without_actives_are_likely_actives() -> None:
    panel = Panel.from_arrays(["C", "CC", "CCC"], np.zeros((3, 1)), TASKS[:1])
    predictions = np.array([[0.4], [0.001], [0.7]], np.float32)
    evidence = Evidence(tiny_model(), panel, predictions, n_bootstrap=0)
    alarms, missed = worst(evidence)
    assert [(alarm.row, alarm.share) for alarm in alarms] == [(2, 0)]
    assert not missed
    assert "0 % of its molecules are active" in model_report(evidence)


def test_mistakes_of_a_mostly_active_assay_are_on_the_other_side_of_one_half() -> None:
    panel = Panel.from_arrays(["C" * n for n in range(1, 9)], [[1]] * 6 + [[0]] * 2, TASKS[:1])
    predictions = np.array([0.7, 0.6, 0.4, 0.9, 0.9, 0.9, 0.6, 0.3], np.float32)[:, None]
    alarms, missed = worst(Evidence(tiny_model(), panel, predictions, n_bootstrap=0))
    assert [mistake.row for mistake in missed] == [2]  # 0.6 and 0.7 are below three quarters
    assert [mistake.row for mistake in alarms] == [6]


def test_curve_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    active = rng.random(300) < 0.2
    scores = (rng.integers(0, 40, 300) / 40 + 0.2 * active).astype(np.float32)
    recall, precision = precision_recall(Ranking.of(active.astype(np.int8), scores))
    p, r, _ = precision_recall_curve(active, scores)
    expected = {(round(a, 9), round(b, 9)) for a, b in zip(r.tolist(), p.tolist(), strict=True)}
    found = zip(recall[1:].tolist(), precision[1:].tolist(), strict=True)
    assert {(round(a, 9), round(b, 9)) for a, b in found} <= expected
    assert np.sum(np.diff(recall) * precision[1:]) == pytest.approx(
        average_precision_score(active, scores)
    )


def test_calibrated_probabilities_lie_within_their_intervals() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(0.3, 5, 40_000).astype(np.float32)
    active = rng.random(len(p)) < p
    predicted, observed, low, high = calibration(active, p, 10)
    assert len(predicted) == 10
    assert (np.diff(predicted) > 0).all()
    assert ((low <= observed) & (observed <= high)).all()
    assert ((low <= predicted) & (predicted <= high)).mean() >= 0.8
    _, _, low, high = calibration(active, np.sqrt(p), 10)
    assert np.mean(high < np.sqrt(predicted)) > 0.5


def test_wide_maps_are_averaged() -> None:
    values = np.random.default_rng(0).random((3, 1001))
    small = averaged(values)
    assert small.shape == (3, MOST_COLUMNS)
    assert small.mean() == pytest.approx(values.mean(), abs=0.01)
    drawn = heat_map(values, ["a", "b", HOSTILE], "map")
    assert "<script>" not in drawn
    assert len(drawn) < 20_000


def test_closed_connections_are_drawn_apart(evidence: Evidence) -> None:
    n_open = int(evidence.model.network.connections.sum())
    assert f"{n_open} of 20 connections are open" in model_report(evidence)
    assert 'class="shut"' in model_report(evidence)


def test_a_drawing_has_the_colors_of_the_page() -> None:
    drawn = molecule("CC(=O)Nc1ccc(Cl)cc1S", "<script>")
    assert "currentColor" in drawn
    assert "var(--atom-n)" in drawn
    assert "#" not in drawn
    assert "<script>" not in drawn
    assert molecule("no molecule", "x") == '<p class="undrawn">cannot be read</p>'
    assert "too large" in molecule("C" * 500, "x")
