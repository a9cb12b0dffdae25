"""Experts of a mixture: which serves which assay, and how far they differ."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.errors import counted
from bioassay_mtl.models.model import Model
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.heat_map import MOST_COLUMNS, heat_map
from bioassay_mtl.report.page import Section, figure, heading, join, paragraph
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import number, shortened

MOST_NUMBERED = 12
PALEST = 0.08
"""Shade of the least weight of a map: weights that are all alike would be one full color."""
EVEN = 0.02
"""Difference of weights up to which a gate prefers nothing."""


def experts_section(evidence: Evidence) -> Section:
    """Gate utilization, connections and diversity; nothing where a model has no experts."""
    model = evidence.model
    if not hasattr(model.network, "mixing_weights") or not hasattr(model.network, "experts"):
        return Section("experts", "Experts", Markup())
    utilization, diversity = _diagnosed(model, evidence)
    closed = ~model.network.connections.cpu().numpy().astype(bool)
    n_experts = utilization.shape[1]
    names = expert_names(model, n_experts)
    if n_experts == 1:
        return Section("experts", "Experts", paragraph("One shared network serves all assays."))
    parts = [
        paragraph(_wording(utilization, closed)),
        _utilization_figure(model, utilization, closed, names),
        table(
            "What each expert serves",
            names,
            _columns(model, utilization, closed),
            name="Expert",
        ),
        heading("How far experts differ"),
        figure(
            heat_map(
                diversity,
                names,
                f"Distance between the outputs of {n_experts} experts",
                columns=[str(n) for n in range(n_experts)] if n_experts <= 24 else (),
                written=diversity if n_experts <= MOST_NUMBERED else None,
            ),
            "Distance between two experts' outputs on the same molecules, as a share of the "
            "largest: pale pairs do the same work.",
        ),
    ]
    return Section("experts", "Experts", join(parts))


def expert_names(model: Model, n_experts: int) -> list[str]:
    """Name of each expert, where they were trained each on its own; else its number."""
    known = model.training.get("stacked", {})
    names = [known["experts"][number] for number in known.get("heard", ())]
    return names if len(names) == n_experts else [f"expert {n}" for n in range(n_experts)]


def _diagnosed(model: Model, evidence: Evidence) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Utilization ``(T, E)`` and diversity ``(E, E)`` on a sample of the molecules."""

    from bioassay_mtl.models.diagnostics import diagnose

    features = evidence.sample or model.featurizer.examples()
    found = diagnose(model.network, model.inputs(features))
    return (
        found.utilization.double().cpu().numpy(),
        found.diversity.double().cpu().numpy(),
    )


def _wording(utilization: NDArray[np.float64], closed: NDArray[np.bool_]) -> str:
    n_tasks, n_experts = closed.shape
    text = (
        f"{n_experts} experts serve {counted(n_tasks, 'assay')}; each assay mixes them by a gate. "
    )
    if not closed.any():
        text += "Every expert is open to every assay. "
    else:
        text += (
            f"{(~closed).sum():,} of {closed.size:,} connections are open; "
            f"{counted(int(closed.any(axis=0).sum()), 'expert is', 'experts are')} closed to some "
            "assays. "
        )
    if _is_even(utilization, closed):
        text += "The gates hardly prefer any of them: the mixture works as an average."
    return text


def _is_even(utilization: NDArray[np.float64], closed: NDArray[np.bool_]) -> bool:
    """Whether all open experts weigh about the same in all assays."""
    return bool(not closed.any() and np.abs(utilization - utilization.mean()).max() < EVEN)


def _utilization_figure(
    model: Model, utilization: NDArray[np.float64], closed: NDArray[np.bool_], names: list[str]
) -> Markup:
    """Nothing where there is nothing to be seen."""
    if _is_even(utilization, closed):
        return Markup()
    return figure(*_utilization_map(model, utilization, closed, names))


def _utilization_map(
    model: Model, utilization: NDArray[np.float64], closed: NDArray[np.bool_], names: list[str]
) -> tuple[Markup, str]:
    """The T x E heat map: assays down where there are few, across where there are many."""
    n_tasks, n_experts = utilization.shape
    shades, low, top = _shaded(utilization, closed)
    shading = f"The stronger the color, the larger an expert's weight ({low:.2f} to {top:.2f})"
    shading += "; gray: closed." if closed.any() else "."
    description = f"Mean gate weight of {n_experts} experts in {n_tasks} assays"
    if n_tasks <= 16 and n_experts <= 24:
        drawn = heat_map(
            shades,
            model.tasks,
            description,
            columns=[str(number) for number in range(n_experts)],
            shut=closed,
            written=utilization if n_experts <= MOST_NUMBERED else None,
        )
        known = "; ".join(f"{n} {name}" for n, name in enumerate(names) if name != f"expert {n}")
        return drawn, f"Assays down, experts across{known and ': '}{known}. {shading}"
    order = np.lexsort((-utilization.max(axis=1), utilization.argmax(axis=1)))
    drawn = heat_map(shades[order].T, names, description, shut=closed[order].T)
    caption = f"Experts down, {n_tasks:,} assays across, by the expert they use most. {shading}"
    if n_tasks > MOST_COLUMNS:
        caption += f" Each column is the mean of about {n_tasks / MOST_COLUMNS:.0f} assays."
    return drawn, caption


def _shaded(
    utilization: NDArray[np.float64], closed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float, float]:
    """Weights as shades from pale to full, and the least and largest weight of an open expert."""
    weights = utilization[~closed]
    low, top = (float(weights.min()), float(weights.max())) if len(weights) else (0.0, 0.0)
    shades = PALEST + (1 - PALEST) * np.clip((utilization - low) / ((top - low) or 1), 0, 1)
    return shades, low, top


def _columns(
    model: Model, utilization: NDArray[np.float64], closed: NDArray[np.bool_]
) -> list[Column]:
    weights = np.where(closed, np.nan, utilization)
    used = [weights[:, e][~closed[:, e]] for e in range(utilization.shape[1])]
    favorites = [
        ", ".join(
            shortened(model.tasks[task], 24)
            for task in np.argsort(-utilization[:, e], kind="stable")[:3]
            if not closed[task, e]
        )
        for e in range(utilization.shape[1])
    ]
    return [
        Column("Open to assays", [f"{len(w):,}" for w in used]),
        Column("Mean weight", [number(w.mean() if len(w) else np.nan) for w in used]),
        Column("Largest", [number(w.max() if len(w) else np.nan) for w in used]),
        Column("Used most by", favorites, is_text=True),
    ]
