"""One model and its workers, for all requests."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem.parallel import featurizing
from bioassay_mtl.chem.pool import Pool, Records
from bioassay_mtl.errors import BioassayError, ConfigError
from bioassay_mtl.registry import check_shared
from bioassay_mtl.screening.annotators import Annotators, Asked, annotators
from bioassay_mtl.screening.cores import available_cores
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.serving.options import ServeOptions

if TYPE_CHECKING:
    from bioassay_mtl.models.loading import PendingModel
    from bioassay_mtl.models.model import Model

BATCH = 256
"""Records between two signs of progress; as many as the network takes at once."""


MOST_KEPT = 4
"""Sets of annotators that are kept for the next requests."""


class Engine:
    """Keeps the model, processes that featurize, and threads that requests are at work in.

    Parameters
    ----------
    model
        The model that predicts; it may still be loading.
    options
        Limits.

    Raises
    ------
    ConfigError
        The features of the model are known to this process alone, or computed otherwise here.
    """

    def __init__(self, model: PendingModel, options: ServeOptions) -> None:
        model.featurizer.check_computed()
        check_shared(model.featurizer.fingerprints)
        self._pending, self.options = model, options
        self.n_workers = options.workers or available_cores()
        self.pool = Pool(self.n_workers, options.molecule_timeout)
        self._kept: dict[Any, Annotators] = {}
        self._lock = Lock()
        self.threads = ThreadPoolExecutor(options.at_once, thread_name_prefix="request")

    def __enter__(self) -> Engine:
        self.pool.__enter__()
        self._warm()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.pool.stop()

    def _warm(self) -> None:
        """Let workers load what they need before the first request, not in its time."""
        featurizer = replace(self._pending.featurizer, training=self._pending.training_molecules)
        recipe = pickle.dumps((featurizing, featurizer.config()))
        for _ in range(self.n_workers):
            self.pool.submit(recipe, Records(["C"], "smiles", {}))

    def annotators(self, asked: Asked) -> Annotators:
        """Annotators that are asked for; kept, for it takes a second to make them."""
        asked = replace(asked, pool=self.pool)
        key = (tuple(asked.columns), asked.options.annotate, asked.options.standardize)
        with self._lock:
            found = self._kept.pop(key, None) or Annotators(asked)
            self._kept[key] = found
            for oldest in list(self._kept)[:-MOST_KEPT]:
                del self._kept[oldest]
        return found

    @cached_property
    def model(self) -> Model:
        """The model, as soon as it is there."""
        return self._pending.loaded()

    @cached_property
    def beside(self) -> tuple[str, ...]:
        """Annotators that have something to say with this model."""
        return tuple(name for name in sorted(annotators.names()) if self._has(name))

    def screen_options(self, **wanted: Any) -> ScreenOptions:
        """Settings of a screen for one request.

        Raises
        ------
        ConfigError
            Something is asked for that this model has not.
        """
        for name in wanted.get("annotate", ()):
            if name not in self.beside:
                known = ", ".join(self.beside) or "nothing"
                raise ConfigError(f"{name!r} cannot be said beside predictions (known: {known})")
        limits = {"batch_size": BATCH, "molecule_timeout": self.options.molecule_timeout}
        return ScreenOptions.of({**wanted, **limits})

    @property
    def explains(self) -> bool:
        """Whether it can be said why the model predicts what it does."""
        return str(self.model.device) == "cpu" and not self.model.featurizer.columns

    def _has(self, name: str) -> bool:
        try:
            asked = Asked(self.model, [0], ScreenOptions(annotate=(name,)), self.pool)
            return bool(annotators[name](asked).columns)
        except BioassayError:
            return False
