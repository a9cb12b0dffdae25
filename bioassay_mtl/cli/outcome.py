"""Words of ``train`` before and after: time, rows, scores beside chance, where to read more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.cli.epochs import duration
from bioassay_mtl.errors import counted

if TYPE_CHECKING:
    from bioassay_mtl.metrics import Evaluation
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.report import Evidence
    from bioassay_mtl.training.estimate import Estimate

NAMES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "roc_auc_ovr": "ROC-AUC of each class against the rest",
    "quadratic_kappa": "weighted kappa",
    "r2": "R2",
    "spearman": "rank correlation",
    "concordance": "concordance",
}


def expected(
    found: Estimate, epochs: int, models: int, experts: int = 1, times: int = 1, jobs: int = 1
) -> str:
    """A line before training: how long it will take.

    Parameters
    ----------
    found
        Estimate from a trial of the settings.
    epochs, models
        Epochs of each model (0 where trees are grown), and the number of models.
    experts, times
        Experts of a model that are trained each on its own, and how often each.
    jobs
        Number of trainings at a time.
    """
    runs = counted(epochs, "epoch") if epochs else "trees"
    if times > 1:
        runs = f"{counted(experts, 'expert')} trained {times} times each"
    runs += f" of {models:,} models" if models > 1 else ""
    runs += f" ({jobs:,} at a time)" if jobs > 1 else ""
    bound = " at most" if times == 1 else ""  # trees are guessed from a few small ones
    return (
        f"about {duration(found.total)}{bound}: {runs} {duration(found.epochs)}, features of "
        f"molecules {duration(found.featurizing)}"
    )


def outcome(evidence: Evidence, out: Path, seconds: float) -> Iterator[str]:
    """Lines about a training that has ended.

    Parameters
    ----------
    evidence
        Evidence of the model, on the molecules that are reported on.
    out
        The model's folder.
    seconds
        Seconds that it all took.
    """
    model = evidence.model
    n_assays = counted(len(model.tasks), "assay")
    yield f"{out}: a model of {n_assays}, {_rows(model)}; took {duration(seconds)}"
    yield from search(model)
    yield from worth(model)
    yield from found_on(evidence)
    yield f"read {out / 'report.html'}"


def found_on(evidence: Evidence) -> Iterator[str]:
    """Scores on the molecules that are reported on, and the verdict on the assays."""
    from bioassay_mtl.report import verdict_words

    found = evidence.found
    for kind in found.kind_macro:
        which = f", {kind}" if len(found.kind_macro) > 1 else ""
        yield f"{evidence.rows} ({found.n_molecules:,}){which}: {scores(found, kind)}"
    yield verdict_words(evidence)


def _rows(model: Model) -> str:
    """Rows by what they did."""
    rows, left_out = model.training["rows"], model.training["rows_left_out"]
    said = f"learned from {rows['train']:,} of {counted(sum(rows.values()) + left_out, 'row')}"
    if rows["valid"]:
        said += f", {rows['valid']:,} chose the best epoch"
    return said + (f", {left_out:,} could not be used" if left_out else "")


def scores(found: Evaluation, kind: str) -> str:
    """Scores of the assays of a kind, each with its 95 % interval and what chance gives.

    Parameters
    ----------
    found
        Metrics of some assays.
    kind
        One of their kinds.
    """
    from bioassay_mtl.metrics.chance import by_chance, is_beyond_chance

    chosen = [each.kind == kind for each in found.kinds]
    n, n_used = sum(chosen), int(found.evaluable[chosen].sum())
    if not n_used:
        return f"no {kind} assay has two different outcomes there, so that nothing can be scored"
    intervals = found.kind_macro_intervals.get(kind, {})
    said = []
    for name, base in by_chance(found, kind).items():
        low, high = intervals.get(name, (float("nan"),) * 2)
        ends = f"{low:.3f} to {high:.3f}, " if low <= high else ""
        said.append(
            f"{NAMES[name]} {found.kind_macro[kind][name]:.3f} ({ends}{base:.3g} by chance)"
        )
    of = f", mean of {n_used} of {counted(n, f'{kind} assay')}" if n > 1 else ""
    doubt = "" if is_beyond_chance(found, kind) else ": not to be told from chance"
    return ", ".join(said) + of + doubt


_SHOWN = ("average_precision", "roc_auc_ovr", "quadratic_kappa", "r2", "concordance")


def worth(model: Model) -> Iterator[str]:
    """Worth of each expert out of fold, where experts were trained each on its own."""
    stacked = model.training.get("stacked", {})
    found = stacked.get("worth")
    if not found:
        return
    for kind, mixed in found["mixture"].items():
        name = next((each for each in _SHOWN if mixed.get(each) is not None), None)
        if name is None:
            continue
        each = [
            f"{expert} {scores[kind][name]:.3f}"
            for expert, scores in zip(stacked["experts"], found["experts"], strict=True)
        ]
        yield (
            f"{NAMES[name]} of {kind} assays in {stacked['folds']} folds: {', '.join(each)}; their "
            f"mean {found['mean'][kind][name]:.3f}, weighed for each assay {mixed[name]:.3f}"
        )


def search(model: Model) -> Iterator[str]:
    """Result of a search of settings, if there was one."""
    found = model.training.get("tuning")
    if not found:
        return
    trials = found["trials"]
    best = next(trial for trial in trials if trial["trial"] == found["best"])
    first = trials[0]
    chosen = ", ".join(f"{name}={_brief(value)}" for name, value in best["settings"].items())
    given = f" (the given settings: {first['score']:.4g})" if best is not first else ""
    yield (
        f"trial {best['trial']} of {len(trials)} won with {best['score']:.4g} on the validation "
        f"rows{given}: {chosen}"
    )


def _brief(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
