"""Settings of a measurement of dimensions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.config import Config
from bioassay_mtl.nn.expansions import expansions

Count = Annotated[int, Field(ge=1)]
Ladder = Annotated[tuple[Count, ...], Field(min_length=2)]


class DimensionConfig(Config):
    """Settings of the networks, and of the search for the least number.

    Parameters
    ----------
    target
        Share of the free networks' score above chance that must be reached.
    metric
        ``roc_auc`` (chance: 0.5) or ``average_precision`` (chance: the share of actives).
    single
        Rising dimensions that single tasks are tried in.
    coordinates
        Rising numbers k of a task that are tried where tasks share directions.
    ratios
        Ratios of l, which the directions are made of, to the number of tasks n: all are tried.
    fingerprint
        Fingerprint that the networks read.
    width, depth, expansion, form
        Settings of the networks; ``columns`` or ``product`` where tasks share directions.
    epochs, learning_rate, batch_size
        Settings of each training; ``rate_factor`` times the rate where there are few numbers.
    test_share
        Share of the molecules, drawn at random, on which scores are taken.
    seeds
        Trainings whose scores are averaged, each with its own random subspace and start.
    seed
        The first, and that of the split and of random groups.
    """

    target: Annotated[float, Field(gt=0, le=1)] = 0.9
    metric: Literal["roc_auc", "average_precision"] = "roc_auc"
    single: Ladder = (2, 4, 8, 16, 32, 64, 128, 256, 512)
    coordinates: Ladder = (1, 2, 4, 8, 16, 32)
    ratios: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (1, 4, 16)
    fingerprint: dict[str, Any] = Field(
        default_factory=lambda: {"kind": "morgan", "n_bits": 1024, "counts": True}
    )
    width: Count = 32
    depth: Count = 2
    expansion: Annotated[str, AfterValidator(expansions.known)] = "kronecker"
    form: Literal["columns", "product"] = "columns"
    epochs: Count = 20
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    rate_factor: Annotated[float, Field(gt=0)] = 5.0
    batch_size: Count | None = None
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seeds: Count = 1
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("single", "coordinates")
    @classmethod
    def _rising(cls, ladder: tuple[int, ...]) -> tuple[int, ...]:
        if list(ladder) != sorted(set(ladder)):
            raise ValueError("numbers that rise are expected")
        return ladder

    @field_validator("fingerprint")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        return fingerprint_from(value).model_dump()
