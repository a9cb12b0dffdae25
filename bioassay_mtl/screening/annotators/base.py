"""The contract of annotators, and those of one screen together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.parallel import Submits
from bioassay_mtl.chem.representation import Representation
from bioassay_mtl.registry import Registry
from bioassay_mtl.screening.beside import Beside, BesideColumn
from bioassay_mtl.tables import RecordBatch

if TYPE_CHECKING:
    from bioassay_mtl.models.description import Predictor
    from bioassay_mtl.screening.options import ScreenOptions


@dataclass(frozen=True)
class Asked:
    """Request of a screen to an annotator.

    Parameters
    ----------
    model
        The model that predicts; its network may still be loading.
    columns
        Places of the t written columns among the model's, in the order in which they are written.
    options
        Options of the screen.
    pool
        Workers that are there already; None where an annotator starts its own.
    of_hits
        Whether only hits are written, once all records have been read: what needs no more than a
        SMILES may be left to :meth:`Annotators.tell`.
    """

    model: Predictor
    columns: Sequence[int]
    options: ScreenOptions
    pool: Submits | None = None
    of_hits: bool = False


class Annotator(Protocol):
    """Makes columns beside predictions; asked by several threads at a time.

    Attributes
    ----------
    columns
        Columns that it makes, in order.

    One may also have ``inputs``: what is computed of molecules for it alone, beside the inputs of
    the model, by names that none of these have; and where hits alone are written, ``tell``, cells
    of what it has left out of a batch of SMILES, from these.
    """

    @property
    def columns(self) -> Sequence[BesideColumn]: ...

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        """Cells of each of its columns, for the n records of a batch.

        Parameters
        ----------
        batch, features
            The records, and what the network reads of them.
        predictions
            ``(n, n_columns)``: of all columns of the model; NaN where the status is not ok.

        Returns
        -------
        Values by the name of a column, ``(n,)``, or ``(n, t)`` where it is one of assays. Nothing
        is known
        of records that are not ok.
        """
        ...


annotators: Registry[Callable[[Asked], Annotator]] = Registry(
    "annotator",
    homes={
        "confidence": "bioassay_mtl.screening.annotators.confidence",
        "domain": "bioassay_mtl.screening.annotators.domain",
        "kept": "bioassay_mtl.screening.annotators.kept",
        "liabilities": "bioassay_mtl.screening.annotators.liabilities",
        "p_value": "bioassay_mtl.screening.annotators.p_value",
    },
)
"""Annotators by the name that :attr:`ScreenOptions.annotate` has; an entry raises a ConfigError
where the model cannot be annotated so."""


class Annotators:
    """All that a screen asks for; nothing of it takes time where nothing is asked for.

    Parameters
    ----------
    asked
        Request of the screen.
    """

    def __init__(self, asked: Asked) -> None:
        self._each = [annotators[name](asked) for name in asked.options.annotators]
        self.columns = tuple(column for each in self._each for column in each.columns)
        self.inputs: dict[str, Representation] = {}
        for each in self._each:
            self.inputs |= getattr(each, "inputs", {})

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        """Cells of the columns of all."""
        found: dict[str, NDArray[np.generic]] = {}
        for each in self._each:
            found |= each.annotate(batch, features, predictions)
        return found

    def tell(self, smiles: Sequence[str]) -> Beside:
        """Cells of columns that were left out, as long as only hits are written in the end."""
        found: dict[str, NDArray[np.generic]] = {}
        for each in self._each:
            if (tell := getattr(each, "tell", None)) is not None:
                found |= tell(smiles)
        return found
