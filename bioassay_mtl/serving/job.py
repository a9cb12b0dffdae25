"""One request's screen, a step at a time."""

from __future__ import annotations

import io
import logging
import time
from collections import Counter
from collections.abc import Generator
from threading import Lock
from typing import Any

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import begin
from bioassay_mtl.screening.summary import StageClock
from bioassay_mtl.screening.writers import Layout, Writer, formats
from bioassay_mtl.serving.engine import Engine
from bioassay_mtl.serving.lease import Lease
from bioassay_mtl.serving.rows import rows_of
from bioassay_mtl.serving.uploads import n_records
from bioassay_mtl.tables import Held

log = logging.getLogger(__name__)


class Job:
    """Screens what was sent; one thread at a time.

    Parameters
    ----------
    engine
        Engine that does it.
    file
        File that was sent.
    options
        Options of the screen.
    with_rows, with_csv
        Whether steps tell rows, and the text of a CSV file as ``bioassay-mtl screen`` writes it.
    """

    def __init__(
        self,
        engine: Engine,
        file: Held,
        options: ScreenOptions,
        *,
        with_rows: bool = True,
        with_csv: bool = False,
    ) -> None:
        self._engine, self._file, self._options = engine, file, options
        self._with_rows, self._with_csv = with_rows, with_csv
        self._lease, self._lock = Lease(engine.pool), Lock()
        self._batches: Generator[ScreenedBatch, None, None] | None = None
        self._layout: Layout | None = None
        self._text = io.BytesIO()
        self._writer: Writer | None = None
        self._statuses = Counter[str]()
        self._begun = time.perf_counter()

    def start(self) -> dict[str, Any]:
        """Read all that was sent, and say what will come.

        Raises
        ------
        Refusal, InputError, ConfigError
            It cannot be screened.
        """
        with self._lock:
            total = n_records(self._file, self._engine.options.max_molecules)
            model = self._engine.model
            begun = begin(
                [self._file],
                model,
                self._options,
                StageClock(),
                pool=self._lease,
                annotate=self._engine.annotators,
            )
            self._batches, self._layout = begun.batches, begun.layout
            if self._with_csv:
                self._writer = formats["csv"].open(self._text, begun.layout)
            return {
                "event": "start",
                "model": model.name,
                "total": total,
                "columns": list(begun.layout.assays),
                "values": sorted(begun.layout.values & {*begun.layout.assays}),
                "beside": [
                    {"name": c.name, "kind": c.kind, "of_assays": c.of_assays}
                    for c in begun.layout.beside
                ],
            }

    def step(self) -> dict[str, Any] | None:
        """The next rows; None behind the last."""
        with self._lock:
            if self._batches is None or self._layout is None:
                return None
            batch = next(self._batches, None)
            if batch is None:
                return None
            self._statuses.update(batch.status_names())
            done = self._statuses.total()
            said: dict[str, Any] = {"event": "rows", "done": done}
            if self._with_rows:
                said["rows"] = list(rows_of(batch, self._layout))
            if self._writer:
                self._writer.write(batch)
                said["csv"] = self._told()
            return said

    def end(self) -> dict[str, Any]:
        """Last event: what became of all records."""
        with self._lock:
            said: dict[str, Any] = {
                "event": "end",
                "rows": self._statuses.total(),
                "statuses": dict(self._statuses),
                "seconds": round(time.perf_counter() - self._begun, 3),
            }
            if self._writer:
                self._writer.close()
                said["csv"] = self._told()
            return said

    def stop(self) -> None:
        """Call off what workers still do for it; from any thread."""
        self._lease.end()

    def close(self) -> None:
        """Give back what it holds; waits for a step that is being taken."""
        with self._lock:
            if self._batches is not None:
                self._batches.close()

    def _told(self) -> str:
        text = self._text.getvalue().decode()
        self._text.seek(0)
        self._text.truncate()
        return text


def try_out(engine: Engine) -> None:
    """Predict one molecule, so that all is loaded, and a fault of the model shows, beforehand.

    Raises
    ------
    BioassayError
        The model cannot predict.
    """
    job = Job(engine, Held("first.smi", b"C\n"), engine.screen_options(annotate=()))
    if not engine.model.featurizer.columns:
        job.start()
        job.step()
    job.close()
    log.debug("beside predictions: %s", ", ".join(engine.beside))
