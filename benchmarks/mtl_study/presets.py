"""How large a study is; the report states these numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Preset:
    """Size of a study.

    Attributes
    ----------
    name : str
    trials : int
        Settings tried for every cell, chosen from on validation rows with seed 0.
    seeds : tuple of int
        Of the chosen setting's runs on the test rows; none of them is the seed of the trials.
    rows : int or None
        Training rows that are fitted on; None for all. Validation and test rows are never cut.
    width : float
        Share of the width of the networks of the mixture study.
    epochs, precision, device
        Settings of every run.
    batch_size
        The largest; small datasets have smaller batches.
    crossed : bool
        Every model with every balancer; else the balancers on one model, and every model under the
        plain sum and two-step.
    single_task : tuple of str
        Datasets on which one network per assay is affordable; ``*`` for all.
    """

    name: str
    trials: int
    seeds: tuple[int, ...]
    rows: int | None
    width: float
    epochs: int
    batch_size: int
    precision: Literal["float32", "bfloat16"]
    device: Literal["auto", "cpu"]
    crossed: bool
    single_task: tuple[str, ...]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("quick", 1, (1,), 400, 1 / 20, 2, 256, "float32", "cpu", False, ()),
        Preset(
            "small",
            4,
            (1, 2, 3),
            10_000,
            1 / 4,
            8,
            512,
            "bfloat16",
            "cpu",
            False,
            ("tox21", "muv", "pcba"),
        ),
        Preset("full", 12, (1, 2, 3), None, 1.0, 10, 1024, "bfloat16", "auto", True, ("*",)),
    )
}
