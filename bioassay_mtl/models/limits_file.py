"""The limits of a model's values, in its folder: ``limits.json``.

Predictions are other ones without it: folders that have it say so by their format version, and
models that were saved without it predict as they did.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, ModelFolderError
from bioassay_mtl.models.companions import Companion, companions
from bioassay_mtl.models.folder_checks import read_json
from bioassay_mtl.tasks.limits import Limits

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import Described
    from bioassay_mtl.models.description import ModelDescription

NAME, LIMITS = "limits", "limits.json"


def said_limits(about: Mapping[str, Described]) -> dict[str, tuple[float | None, float | None]]:
    """Limits that users give, by assay."""
    return {assay: (facts.least, facts.most) for assay, facts in about.items()}


def limits_with(model: ModelDescription, about: Mapping[str, Described]) -> Limits | None:
    """Limits of a model, those that users say now in place of its own.

    Raises
    ------
    InputError
        The least of an assay would not be below its most.
    """
    known, said = model.limits, said_limits(about)
    low, high = (np.full(len(model.tasks), end) for end in (-np.inf, np.inf))
    if known is not None:
        low, high = known.low.copy(), known.high.copy()
    for task, name in enumerate(model.tasks):
        least, most = said.get(name, (None, None))
        low[task] = low[task] if least is None else least
        high[task] = high[task] if most is None else most
        if not low[task] < high[task]:
            raise InputError(
                f"assay {name!r}: least {low[task]:g} is not below most {high[task]:g}, which the "
                "model has",
                hint="give both",
            )
    return Limits(low, high) if np.isfinite([low, high]).any() else None


@companions.register(NAME)
class LimitsCompanion(Companion[Limits]):
    """The least and the most of each task; null where there is none."""

    files = (LIMITS,)
    changes_predictions = True

    def write(self, held: Limits, folder: Path) -> None:
        lists = {name: _finite(getattr(held, name)) for name in ("low", "high")}
        (folder / LIMITS).write_text(json.dumps(lists, indent=1, allow_nan=False) + "\n")

    def read(self, folder: Path, config: Mapping[str, Any]) -> Limits:
        path = folder / LIMITS
        said = read_json(path, "a model's limits")
        low, high = (
            np.array([end if each is None else each for each in said[name]], np.float64)
            for name, end in (("low", -np.inf), ("high", np.inf))
        )
        if not (low.shape == high.shape == (len(config["tasks"]),)) or not (low < high).all():
            raise ModelFolderError(f"{path}: a low and a higher end for each assay are expected")
        return Limits(low, high)

    def joined(self, held: Sequence[Limits]) -> Limits | None:
        """Limits of all models, where they are the same."""
        first = held[0]
        same = all(
            np.array_equal(first.low, each.low) and np.array_equal(first.high, each.high)
            for each in held
        )
        return first if same else None


def _finite(ends: NDArray[np.float64]) -> list[float | None]:
    return [float(end) if np.isfinite(end) else None for end in ends]
