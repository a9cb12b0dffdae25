"""Options of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from bioassay_mtl.chem.supervised import DEFAULT_TIMEOUT
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.renamed import FORMER_SPELLING, attribute
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    from bioassay_mtl.models.description import ModelDescription


class ScreenOptions(TableOptions):
    """Settings of :func:`bioassay_mtl.screening.pipeline.screen`, and of how tables are read.

    Attributes
    ----------
    assays
        Assays to write, all columns of each, in that order: identifiers, names, genes, or patterns
        such as ``PCBA-9*``; all of the model's when None.
    top
        Write only the ``top`` molecules of each assay (of each class, in an assay of classes) with
        the highest probability or value, ranked.
    select
        Write only molecules that are selected for an assay, ranked: as many as may be, while the
        expected share of inactive ones among them is at most this
        (:mod:`bioassay_mtl.screening.select`).
    long
        One row for each molecule and assay instead of one column for each assay.
    format
        Output format; by the output's name when None, CSV when that says nothing.
    smiles_column, id_column
        Columns of a table input; found by name when None.
    workers
        Processes that parse and featurize; all available cores when None.
    batch_size
        Records handled at a time.
    max_atoms
        Molecules with more heavy atoms get the status ``too_large``; the model's limit when None.
    molecule_timeout
        Seconds that one molecule may take, of processor time where the system tells; one that takes
        longer gets the status ``timed_out``. 0 for no limit.
    overwrite
        Replace an output file that exists.
    standardize
        Standardize molecules first, also where the model was not trained so: a salt and its parent
        then get the same predictions. SMILES are written as they were read.
    spreadsheet_safe
        Put an apostrophe before text in CSV and TSV that spreadsheets would run as a formula, such
        as a name that begins with ``=``. Without it text is written as it is, so that names still
        join with the table that they came from, and the summary counts such cells.
    annotate
        Names of annotators, whose columns stand beside the predictions
        (:mod:`bioassay_mtl.screening.annotators`).
    raw
        Write probabilities of the network itself, also where the model has a calibration.
    keep
        Columns of the input tables, or properties of SD files, that are written too, as text.
    new_only
        Molecules that the model was trained on are no hits: not among ``top``, nor for what watches
        the screen. Without ``top`` every record has its row all the same.
    """

    assays: tuple[str, ...] | None = None
    top: int | None = Field(default=None, ge=1)
    select: float | None = Field(default=None, gt=0, lt=1)
    long: bool = False
    format: str | None = None
    smiles_column: str | None = None
    id_column: str | None = None
    workers: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=1024, ge=1, le=65_536)
    max_atoms: int | None = Field(default=None, ge=1)
    molecule_timeout: float = Field(default=DEFAULT_TIMEOUT, ge=0, allow_inf_nan=False)
    overwrite: bool = False
    standardize: bool = False
    former_names = FORMER_SPELLING
    standardise = attribute("standardise", "standardize")
    new_only: bool = False
    annotate: tuple[str, ...] = ()
    raw: bool = False
    keep: tuple[str, ...] = ()
    spreadsheet_safe: bool = False

    @model_validator(mode="after")
    def _one_shape(self) -> ScreenOptions:
        if self.top and self.long:
            raise ConfigError(
                f"{setting('top')} and {setting('long')} exclude each other: the best hits are a "
                "long table"
            )
        if self.select and (self.top or self.long):
            raise ConfigError(
                f"{setting('select')} excludes {setting('top')} and {setting('long')}: what is "
                "selected is a long table of its own"
            )
        return self

    @property
    def annotators(self) -> tuple[str, ...]:
        """Names of all that are needed, each once."""
        kept, p_value = (["kept"] if self.keep else []), (["p_value"] if self.select else [])
        return tuple(dict.fromkeys([*self.annotate, *kept, *p_value]))


def choose_assays(wanted: Sequence[str] | None, model: ModelDescription) -> list[int]:
    """Positions of the wanted assays in the model's, in the wanted order, each once.

    Parameters
    ----------
    wanted
        Identifiers, names, genes, patterns (:func:`bioassay_mtl.models.assay_names.chosen_assays`);
        None for all.
    model
        Model that the assays are of.

    Raises
    ------
    ConfigError
        The model does not have such an assay.
    """
    if wanted is None:
        return list(range(len(model.tasks)))
    position = {assay: index for index, assay in enumerate(model.tasks)}
    if wanted and all(assay in position for assay in wanted):
        return [position[assay] for assay in dict.fromkeys(wanted)]
    from bioassay_mtl.models.assay_names import chosen_assays

    return [position[assay] for assay in chosen_assays(wanted, model.sheet)]


def columns_of_assays(assays: Sequence[int], kinds: Sequence[TaskKind]) -> list[int]:
    """Positions of the predicted columns of some assays, given by their positions, in that order.

    An assay of several classes has a column for each.
    """
    ends = list(accumulate((len(kind.columns("")) for kind in kinds), initial=0))
    return [column for assay in assays for column in range(ends[assay], ends[assay + 1])]
