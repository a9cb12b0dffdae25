"""What the figures say, in sentences made from the figures."""

from __future__ import annotations

import numpy as np

from benchmarks.mtl_study.cases import BASE_MODEL, PLAIN, Cell
from benchmarks.mtl_study.comparison import Family, families
from benchmarks.mtl_study.outcomes import StudyOutcomes
from benchmarks.mtl_study.significance import Gain, gain

CONTRASTS = {
    "Two-step on gates and towers": Cell(BASE_MODEL, "two_step"),
    "Two-step on gates and towers, thrice the epochs": Cell(BASE_MODEL, "two_step_longer"),
    "The plain sum, thrice the epochs": Cell(BASE_MODEL, "sum_longer"),
    "Two-step on all weights": Cell(BASE_MODEL, "two_step_all"),
    "Exclusivity": Cell("mmoeex_exclusive", PLAIN),
    "Exclusivity with two-step": Cell("mmoeex_exclusive", "two_step"),
}
"""What the study asks about, against the plain sum on the same model with all connections open."""
BASELINE = Cell(BASE_MODEL, PLAIN)
PHRASE = {"better": "it is better", "worse": "it is worse", "level": "no difference is shown"}


def contrasts(study: StudyOutcomes) -> dict[str, tuple[Cell, Gain]]:
    """Gains in average precision of the contrasts that are finished."""
    if BASELINE not in study.finalists:
        return {}
    plain = study.finalists[BASELINE].per_assay("ap")
    return {
        name: (cell, gain(study.finalists[cell].per_assay("ap"), plain))
        for name, cell in CONTRASTS.items()
        if cell in study.finalists
    }


def sentences(study: StudyOutcomes) -> list[str]:
    """The answer, for the report."""
    found = families(study)
    lines = [_winner(family) for family in found]
    judged: dict[Cell, tuple[float, str]] = {}
    for family in found:
        for outcome, (_, p), word in zip(
            family.outcomes[1:],
            family.gains("ap"),
            family.verdicts("ap").values(),
            strict=True,
        ):
            if family.outcomes[0].cell == BASELINE:
                judged.setdefault(outcome.cell, (p, word))
    actives = study.actives() if study.finalists else np.array([])
    for name, (cell, seen) in contrasts(study).items():
        p, word = judged.get(cell, (seen.p, "level"))
        baseline, method = study.finalists[BASELINE], study.finalists[cell]
        auc = method.macro("auc")[0] - baseline.macro("auc")[0]
        lines.append(
            f"{name}: {seen.mean:+.4f} AP over the plain sum (AUC {auc:+.4f}), {seen.n_improved} "
            f"of {len(seen.per_assay)} assays improved in AP, p = {p:.2g}: {PHRASE[word]}; "
            f"{method.seconds / baseline.seconds:.1f} times its training time. "
            + _by_actives(seen, actives)
        )
    return lines + _as_long(study)


def _as_long(study: StudyOutcomes) -> list[str]:
    """Two-step against a plain sum that is given as many epochs."""
    cells = [Cell(BASE_MODEL, name) for name in ("two_step_longer", "sum_longer")]
    if not all(cell in study.finalists for cell in cells):
        return []
    method, plain = (study.finalists[cell] for cell in cells)
    seen = gain(method.per_assay("ap"), plain.per_assay("ap"))
    auc = method.macro("auc")[0] - plain.macro("auc")[0]
    return [
        f"With thrice the epochs each, two-step has {seen.mean:+.4f} AP over the plain sum (AUC "
        f"{auc:+.4f}), {seen.n_improved} of {len(seen.per_assay)} assays improved in AP, "
        f"p = {seen.p:.2g} (a single test)."
    ]


def _winner(family: Family) -> str:
    words = family.verdicts("ap")
    groups = {
        word: [_named(family, n) for n, w in words.items() if w == word and w != "level"]
        for word in PHRASE
    }
    n_level = list(words.values()).count("level")
    best = int(np.argmax([outcome.macro("ap")[0] for outcome in family.outcomes]))
    baseline = family.names[0]
    text = f"{family.title}, against {baseline}: "
    if not groups["better"]:
        text += f"none of {len(words)} is better"
    else:
        text += f"{len(groups['better'])} of {len(words)} better ({', '.join(groups['better'])})"
    if groups["worse"]:
        text += f", {len(groups['worse'])} worse ({', '.join(groups['worse'])})"
    text += f", {n_level} without a shown difference. Highest macro AP: "
    text += f"{family.names[best]}"
    if best and words[family.names[best]] != "better":
        text += f", which is no better than {baseline} by the test over assays"
    return text + "."


def _named(family: Family, name: str) -> str:
    """The name, with a warning where other seeds could undo the difference."""
    (mean, spread), (base, base_spread) = (
        family.outcomes[family.names.index(which)].macro("ap") for which in (name, family.names[0])
    )
    small = abs(mean - base) < np.hypot(spread, base_spread)
    return f"{name} [within the spread of seeds]" if small else name


def _by_actives(seen: Gain, actives: np.ndarray) -> str:
    """The gain of assays with few and with many actives."""
    from scipy.stats import spearmanr

    if len(actives) < 6 or len(set(actives.tolist())) < 3 or not np.any(seen.per_assay):
        return ""
    thirds = np.array_split(np.argsort(actives, kind="stable"), 3)
    few, _, many = (float(seen.per_assay[third].mean()) for third in thirds)
    trend = spearmanr(actives, seen.per_assay)
    return (
        f"The third of the assays with fewest actives gains {few:+.4f}, the third with most "
        f"{many:+.4f} (rank correlation of gain and actives {trend.statistic:+.2f}, "
        f"p = {trend.pvalue:.2g})."
    )
