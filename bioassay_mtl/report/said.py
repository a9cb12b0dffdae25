"""Words beside a prediction: how sure it is, how near it is to what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bioassay_mtl.errors import counted
from bioassay_mtl.report.wording import number


def interval(beside: Mapping[str, Any], shown: Callable[[float], str] = number) -> str:
    """Ends of an interval, shown as the prediction is: of fewer digits they could leave it out.

    Empty where there is none.
    """
    if "low" not in beside or "high" not in beside:
        return ""
    return f"{shown(beside['low'])} to {shown(beside['high'])}"


def nearness(beside: Mapping[str, Any]) -> str:
    """Similarity to the nearest training molecule, and whether that is far."""
    if "similarity" not in beside:
        return ""
    return f"{beside['similarity']:.2f}" + (" far" if beside.get("in_domain") is False else "")


def sentences(
    beside: Mapping[str, Any], assay: str = "", shown: Callable[[float], str] = number
) -> Iterator[str]:
    """Sentences on a molecule, and on it in an assay; none on what is not known.

    Parameters
    ----------
    beside
        Values of annotators.
    assay
        The assay's name, where others stand beside it.
    shown
        Text of a prediction.
    """
    of_assay = f"{assay}: " if assay else ""
    if known := beside.get("known"):
        yield f"{of_assay}measured before: {known}"
    if found := interval(beside, shown):
        yield f"{of_assay}likely {found}"
    if "similarity" in beside:
        similar = f"nearest training molecule: similarity {beside['similarity']:.2f}"
        far = ", outside the domain of the model" if beside.get("in_domain") is False else ""
        yield similar + far
    if "nearest_active" in beside:
        yield f"{of_assay}nearest known active: similarity {beside['nearest_active']:.2f}"
    if alerts := beside.get("alerts"):
        yield f"alerts: {alerts}"
    if promiscuity := beside.get("promiscuity"):
        yield f"far above the usual in {counted(promiscuity, 'assay')}"
