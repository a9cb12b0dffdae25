"""Alerts and properties of molecules, and in how many assays they stand far above the usual."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import partial
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.liabilities import Liabilities, liabilities
from bioassay_mtl.chem.parallel import Submits
from bioassay_mtl.chem.pool import Pool, Records
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.worker import mapping
from bioassay_mtl.screening.annotators.base import Asked, annotators
from bioassay_mtl.screening.beside import Beside, BesideColumn
from bioassay_mtl.screening.hits import n_far_above, usual_shares
from bioassay_mtl.tables import RecordBatch

SIMPLE = (
    BesideColumn("mw", "number"),
    BesideColumn("logp", "number"),
    BesideColumn("tpsa", "number"),
    BesideColumn("qed", "decimals"),
    BesideColumn("alerts", "text"),
)
"""Columns that a molecule has by itself."""

PROMISCUITY = BesideColumn("promiscuity", "count")
"""Number of the model's assays in which a molecule stands far above the usual."""

HITS_AT_ONCE = 256
"""Hits that one worker is asked for at a time."""


@annotators.register("liabilities")
class LiabilitiesAnnotator:
    """``mw, logp, tpsa, qed, alerts, promiscuity`` of each molecule.

    See :mod:`bioassay_mtl.chem.liabilities` and :func:`bioassay_mtl.screening.hits.n_far_above`,
    which is over all assays of the model. Structures are looked at as they were read, by worker
    processes: alerts take ten milliseconds a molecule, so that of SMILES only hits have them where
    only hits are written.

    Parameters
    ----------
    asked
        Request of the screen.
    """

    columns: Sequence[BesideColumn] = (*SIMPLE, PROMISCUITY)

    def __init__(self, asked: Asked) -> None:
        from bioassay_mtl.screening.cores import available_cores

        self._pool: Submits
        self._shares = usual_shares(asked.model)
        options = asked.options
        self._of_hits = asked.of_hits
        if asked.pool is not None:
            self._pool = asked.pool
            return
        own = Pool(options.workers or available_cores(), options.molecule_timeout).__enter__()
        finalize(self, own.stop)
        self._pool = own

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        cells = {PROMISCUITY.name: n_far_above(predictions, self._shares)}
        if self._of_hits and batch.notation == "smiles":
            return cells
        unusable = np.flatnonzero(~features.ok).tolist()
        known = dict.fromkeys(unusable, Status.FAILED)
        records = Records(batch.structures, batch.notation, known)
        return {**cells_of(self._asked([records])), **cells}

    def tell(self, smiles: Sequence[str]) -> Beside:
        """Cells of all columns but promiscuity."""
        starts = range(0, len(smiles), HITS_AT_ONCE)
        return cells_of(
            self._asked([Records(smiles[at : at + HITS_AT_ONCE], "smiles", {}) for at in starts])
        )

    def _asked(self, requests: Sequence[Records]) -> list[Liabilities | Status | None]:
        """Answers of the workers, one for each record."""
        answers = []
        for records in requests:
            recipe = pickle.dumps((mapping, partial(liabilities, notation=records.notation)))
            answers.append(self._pool.submit(recipe, records))
        return [one for answer in answers for part in answer.result() for one in part]


def cells_of(found: Sequence[Liabilities | Status | None]) -> Beside:
    """Cells of the :data:`SIMPLE` columns, of molecules some of which have nothing."""
    there = [each if isinstance(each, Liabilities) else None for each in found]
    cells: dict[str, NDArray[np.generic]] = {}
    for column in SIMPLE:
        if column.is_real:
            values = (np.nan if each is None else getattr(each, column.name) for each in there)
            cells[column.name] = np.fromiter(values, np.float32, len(there))
        else:
            cells[column.name] = np.array([each.alerts if each else "" for each in there], object)
    return cells
