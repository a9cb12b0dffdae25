"""The assay sheet of a model, ``assays.json``: what each assay is, and how far to trust it there.

What is not known is empty, never guessed. Figures are those of the model's own held-out rows; the
grade follows :data:`bioassay_mtl.metrics.grading.RULE`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.companions import Companion, companions
from bioassay_mtl.tasks.direction import Direction, potent_values
from bioassay_mtl.tasks.kinds import task_kinds

FILE, NAME = "assays.json", "assays"
GRADES = ("usable", "weak", "do not use")


class _Frozen(BaseModel):
    # What a newer version adds is passed over: a sheet is for people.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Described(_Frozen):
    """Description of an assay; empty where it is not known."""

    name: str = ""
    """Name for people: ``ALDH1A1 inhibitors``."""
    target: str = ""
    gene: str = ""
    """Symbols of the targets' genes, several with a semicolon between them."""
    uniprot: str = ""
    """Accessions, in the same way."""
    organism: str = ""
    target_class: str = ""
    disease_area: str = ""
    readout: str = ""
    """Format and detection: ``biochemical, fluorescence polarization``."""
    active: str = ""
    """Meaning of activity, or of a high value."""
    better: Direction = ""
    """Whether ``high`` or ``low`` values are good, in an assay of values."""
    least: float | None = None
    most: float | None = None
    """Least and greatest value of an assay of values; predictions end there."""
    link: str = ""
    """Address of the page about the assay."""
    source: str = ""
    """Source of these facts."""


class Figure(_Frozen):
    """One metric on held-out rows, with its 95 % interval and what chance gives."""

    value: float
    low: float
    high: float
    chance: float


class HeldOut(_Frozen):
    """Scores of a model in an assay on rows that were held out."""

    rows: str
    """Rows of the figures: ``test``, ``out_of_fold``."""
    measured: int
    active: int | None = None
    """Number of measured actives, in binary assays."""
    scores: dict[str, Figure] = Field(default_factory=dict)


class Assay(Described):
    """One assay of a model."""

    id: str
    """Name that the model, its outputs and the panels use."""
    kind: str = "binary"
    unit: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    """Measured cells that the model was trained on: ``active``, ``inactive``, ``measured``."""
    held_out: HeldOut | None = None
    grade: Literal["usable", "weak", "do not use"] | None = None
    why: str = ""
    """Reason why there is no grade."""

    @property
    def is_described(self) -> bool:
        """Whether more is known of it than its identifier."""
        return any(True for _ in _facts(self))

    @property
    def title(self) -> str:
        """The name, or where there is none the target or the gene; empty where nothing is known."""
        return self.name or self.target or self.gene

    @property
    def about(self) -> str:
        """The name and whatever else says what it is about, for a cell of a table."""
        return self.title or ", ".join(filter(None, (self.target_class, self.disease_area)))

    @property
    def is_value(self) -> bool:
        """Whether its outcomes are values."""
        return self.kind in task_kinds and task_kinds[self.kind].is_value

    @property
    def direction(self) -> Direction:
        """Values that come first: those that are called better, else those of potent molecules.

        Empty where neither is known, and of assays without values.
        """
        if not self.is_value:
            return ""
        return self.better or potent_values(self.id, self.unit)

    @property
    def direction_words(self) -> str:
        """``low is potent``, or ``low is better`` where that was given; empty where unknown."""
        if not self.direction:
            return ""
        return f"{self.direction} is {'better' if self.better else 'potent'}"

    def score(self, *metrics: str) -> Figure | None:
        """The first of some metrics that is there."""
        held = self.held_out.scores if self.held_out else {}
        return next((held[name] for name in metrics if name in held), None)


class AssaySheet(_Frozen):
    """The assays of a model, in its order."""

    assays: tuple[Assay, ...]
    rule: str = ""
    """Rule by which they are graded."""

    @cached_property
    def _by_id(self) -> dict[str, Assay]:
        return {assay.id: assay for assay in self.assays}

    def __getitem__(self, assay: str) -> Assay:
        return self._by_id[assay]

    def __len__(self) -> int:
        return len(self.assays)

    def of(self, ids: Sequence[str]) -> list[Assay]:
        """Some assays; of one that is not there its identifier alone."""
        return [self._by_id.get(each) or Assay(id=each) for each in ids]

    @property
    def is_described(self) -> bool:
        """Whether anything is known of some assay."""
        return any(assay.is_described for assay in self.assays)

    @property
    def is_graded(self) -> bool:
        """Whether some assay has a grade."""
        return any(assay.grade for assay in self.assays)

    @property
    def grades(self) -> str:
        """Number of assays of each grade, in words; empty where none has any."""
        counts = Counter[str](assay.grade for assay in self.assays if assay.grade)
        if not counts:
            return ""
        without = len(self) - counts.total()
        said = [f"{counts[grade]} {grade}" for grade in GRADES if counts[grade]]
        return ", ".join([*said, *([f"{without} without a grade"] if without else [])])

    def described(self, known: Mapping[str, Described]) -> AssaySheet:
        """The same with what else is known of some assays; empty facts change nothing."""
        changed = (
            assay.model_copy(update=dict(_facts(known[assay.id]))) if assay.id in known else assay
            for assay in self.assays
        )
        return AssaySheet(assays=tuple(changed), rule=self.rule)


def _facts(known: Described) -> Iterator[tuple[str, str | float]]:
    for field in Described.model_fields:
        if (value := getattr(known, field)) not in ("", None):
            yield field, value


@companions.register(NAME)
class AssaySheets(Companion[AssaySheet]):
    """Keeps a sheet in a model folder."""

    files = (FILE,)

    def write(self, held: AssaySheet, folder: Path) -> None:
        """Write ``assays.json``."""
        text = held.model_dump_json(indent=1, exclude_defaults=True)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    def read(self, folder: Path, config: Mapping[str, Any]) -> AssaySheet:
        """Read it; its assays must be the model's."""
        found = AssaySheet.model_validate_json((folder / FILE).read_bytes())
        ids, tasks = [assay.id for assay in found.assays], config["tasks"]
        if ids != tasks:
            raise ModelFolderError(
                f"{folder / FILE}: a sheet of the model's {len(tasks)} assays is expected, in its "
                f"order, found {len(ids)}, such as {ids[:1]}"
            )
        return found
