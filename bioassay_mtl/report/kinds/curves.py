"""Precision-recall and calibration curves of binary assays."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.errors import counted
from bioassay_mtl.metrics import Evaluation, Ranking
from bioassay_mtl.report.cards import assay_cards, plots_card
from bioassay_mtl.report.evidence import Evidence, Judged
from bioassay_mtl.report.page import figure, pair, paragraph
from bioassay_mtl.report.plot import Axis, Plot
from bioassay_mtl.report.wording import number, percent

MOST_CARDS, FIRST_CARDS = 128, 12
RARE = 0.1
"""Share of actives in a usual assay below which calibration is drawn on logarithmic axes."""
MOST_TITLED = 400
"""Dots that carry the name of their assay."""

Floats = NDArray[np.float64]


def overview(evidence: Evidence, found: Evaluation) -> Markup:
    """All assays at once: the gain over chance, and whether probabilities hold."""
    used = np.flatnonzero(found.evaluable)
    if not len(used):
        return Markup()
    figures = [_calibration_figure(evidence)]
    if len(used) > 1:
        figures.insert(0, _gain_figure(found, used))
    return pair(figures)


def _gain_figure(found: Evaluation, used: NDArray[np.intp]) -> Markup:
    actives, inactives = found.n_actives[used], found.n_inactives[used]
    shares = actives / (actives + inactives)
    values = found.values["average_precision"][used]
    low = max(min(shares.min(), values.min()), 1e-5)
    x, y = Axis.powers(low, 1, "share of actives"), Axis.powers(low, 1, "average precision")
    titles = [
        f"{found.tasks[task]}: AP {number(value)}, {percent(share)} active"
        for task, value, share in zip(used, values, shares, strict=True)
    ]
    plot = Plot(x, y).line([x.low, 1], [x.low, 1], "guide")
    plot.dots(shares, values, titles if len(titles) <= MOST_TITLED else ())
    better = int((values > shares).sum())
    return figure(
        plot.svg(
            f"Average precision against the share of actives of {len(used)} assays; "
            f"{better} lie above chance"
        ),
        f"Each dot is an assay. On the dashed line a ranking is no better than chance; "
        f"{better:,} of {len(used):,} lie above it.",
    )


def _calibration_figure(evidence: Evidence) -> Markup:
    judged = _judged(evidence)
    active = np.concatenate([each.labels for each in judged]) == 1
    predicted = np.concatenate([each.predictions[:, 0] for each in judged])
    plot, n_bins = calibration_plot(active, predicted, Plot(*calibration_axes(evidence)), 12)
    return figure(
        plot.svg(f"Observed share of actives against predicted probability in {n_bins} groups"),
        "Do probabilities mean what they say? Dots on the dashed line do; above it, more were "
        "active than predicted. All assays together, with 95 % intervals.",
    )


def calibration_axes(evidence: Evidence) -> tuple[Axis, Axis]:
    """Axes of the calibration curves of all assays of a page, so that they can be compared.

    Logarithmic where actives are rare, for there all would lie in one corner.
    """
    shares = [float(np.mean(each.labels == 1)) for each in _judged(evidence) if len(each.labels)]
    share = float(np.median([each for each in shares if each > 0] or [0.5]))
    if share >= RARE:
        return Axis.share("predicted"), Axis.share("observed")
    least = max(share / 10, 1e-4)
    return Axis.powers(least, 1, "predicted"), Axis.powers(least, 1, "observed")


def _judged(evidence: Evidence) -> list[Judged]:
    return [evidence.judged(task) for task in range(len(evidence.panel.tasks))]


def curve_cards(evidence: Evidence, found: Evaluation) -> Markup:
    """Both curves of each assay, those with most actives first."""
    used = np.flatnonzero(found.evaluable)
    order = used[np.argsort(-found.n_actives[used], kind="stable")][:MOST_CARDS]
    axes = calibration_axes(evidence)
    drawn = [_card(evidence, found, task, axes) for task in order.tolist()]
    if not drawn:
        return Markup()
    which = "" if len(order) == len(used) else f" The {len(order)} assays with most actives."
    return paragraph(
        "Left, precision against recall: of the molecules above a threshold, how many are "
        "active, against how many of all actives are found; dashed, chance. Right, "
        "calibration: observed share against predicted probability, on the same axes in all "
        f"assays.{which}"
    ) + assay_cards(drawn, FIRST_CARDS)


def _card(evidence: Evidence, found: Evaluation, task: int, axes: tuple[Axis, Axis]) -> Markup:
    name, judged = found.tasks[task], evidence.judged(task)
    ranking = Ranking.of_cells(judged.rows, judged.labels, judged.predictions[:, 0])
    recall, precision = precision_recall(ranking)
    share = ranking.active.mean()
    tall = Axis.share("precision")
    curve = Plot(Axis.share("recall"), tall, 170, 150)
    curve.line([0, 1], [share, share], "guide").line(recall, precision)
    small = Plot(*axes, 170, 150)
    calibration, _ = calibration_plot(ranking.active, ranking.scores, small, n_bins=6)
    auc, precise = (number(found.values[m][task]) for m in ("roc_auc", "average_precision"))
    n = counted(int(found.n_actives[task]), "active")
    note = f"AUC {auc}, AP {precise}, {n}"
    drawn = [
        curve.svg(f"Precision against recall of {name}: average precision {precise}"),
        calibration.svg(f"Calibration of {name}"),
    ]
    return plots_card(name, note, drawn)


def precision_recall(ranking: Ranking) -> tuple[Floats, Floats]:
    """Recall and precision at every threshold that ends a run of equal scores with an active."""
    ends = np.flatnonzero(np.diff(ranking.scores, append=np.nan))
    found = np.cumsum(ranking.active)[ends]
    gained = np.diff(found, prepend=0) > 0
    ends, found = ends[gained], found[gained]
    precision = found / (ends + 1)
    recall = found / max(int(ranking.active.sum()), 1)
    return np.r_[0, recall], np.r_[precision[:1], precision]


def calibration_plot(
    active: NDArray[Any],
    predictions: NDArray[np.floating],
    plot: Plot,
    n_bins: int,
) -> tuple[Plot, int]:
    """Observed shares in groups of similar probability; and how many groups there are."""
    predicted, observed, low, high = calibration(active, predictions, n_bins)
    x = plot.x
    plot.line([x.low, x.high], [x.low, x.high], "guide")
    for at, ends in zip(predicted, zip(low, high, strict=True), strict=True):
        plot.line([at, at], ends, "faint")
    return plot.dots(predicted, observed), len(predicted)


def calibration(
    active: NDArray[Any], predictions: NDArray[np.floating], n_bins: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean prediction, observed share and its 95 % interval in groups of similar prediction.

    Groups hold equal numbers of expected actives, so that their shares are about equally sure.
    Intervals are Wilson's (J. Am. Stat. Assoc. 22 (1927) 209).

    Returns
    -------
    Four ``(G,) float64``, G at most `n_bins`.
    """
    order = np.argsort(predictions, kind="stable")
    p, y = predictions[order].astype(np.float64), np.asarray(active, dtype=np.float64)[order]
    expected = np.cumsum(p)
    group = np.minimum(expected / (expected[-1] or 1) * n_bins, n_bins - 1).astype(np.int64)
    n = np.bincount(group, minlength=n_bins).astype(np.float64)
    held = n > 0
    n, mean = n[held], np.bincount(group, p, n_bins)[held] / n[held]
    share = np.bincount(group, y, n_bins)[held] / n
    z = 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return mean, share, np.maximum(middle - half, 0), np.minimum(middle + half, 1)
