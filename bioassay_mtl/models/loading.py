"""A model that can be asked for its inputs at once, and for predictions once it is loaded."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.description import Predictor
from bioassay_mtl.models.folder import read_config, read_description
from bioassay_mtl.models.shipped import find_model

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model


class PendingModel(Predictor):
    """Loads a model in the background, so that molecules can be featurized meanwhile.

    Importing PyTorch and reading weights take seconds; what a model reads and predicts stands in
    its small configuration.

    Parameters
    ----------
    name_or_folder
        A shipped model by name, or any model folder.
    device
        Device that the network runs on.
    at_once
        Whether loading begins at once, and not when :meth:`prepare` tells so: what this process
        has to do first is done in half the time alone.

    Raises
    ------
    ModelFolderError
        There is no such model, or its configuration cannot be used; other faults of the folder show
        when :meth:`loaded` is asked for.
    """

    def __init__(
        self, name_or_folder: str | Path, device: str = "cpu", *, at_once: bool = True
    ) -> None:
        folder = find_model(name_or_folder)
        super().__init__(**vars(read_description(read_config(folder), folder)))
        self._model: Future[Model] = Future()
        self._thread = threading.Thread(target=self._load, args=(folder, device))
        self._lock = threading.Lock()
        if at_once:
            self.prepare()

    def prepare(self) -> None:
        """See :meth:`bioassay_mtl.models.description.Predictor.prepare`."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()

    def _load(self, folder: Path, device: str) -> None:
        try:
            from bioassay_mtl.models.model import Model

            self._model.set_result(Model.load(folder, device=device))
        except BaseException as error:
            self._model.set_exception(error)

    def loaded(self) -> Model:
        """The model, as soon as it is there."""
        self.prepare()
        return self._model.result()

    def predict_features(self, features: Features, calibrated: bool = True) -> NDArray[np.float32]:
        """See :meth:`bioassay_mtl.models.computing.Computing.predict_features`."""
        return self.loaded().predict_features(features, calibrated)

    def spread_features(self, features: Features, calibrated: bool = True) -> NDArray[np.float32]:
        """See :meth:`bioassay_mtl.models.computing.Computing.spread_features`."""
        return self.loaded().spread_features(features, calibrated)
