"""A trained model: a network, the features it reads, and the names of its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.features import Features, PackedBits
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.chem.status import Status
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.resident import resident

if TYPE_CHECKING:
    import pandas as pd

BLOCK_ROWS = 256
"""Molecules per forward pass. Every pass has exactly this many rows (the last is padded), so that a
molecule's probabilities do not depend on its neighbours or on how a file is cut into batches."""

FeatureLike = Features | Block | NDArray[np.uint8] | Mapping[str, Any]


@dataclass
class Model:
    """Predicts the probability of activity in every task.

    Parameters
    ----------
    network
        Maps inputs to logits ``(B, n_tasks)``.
    network_config
        Its architecture.
    featurizer
        Turns structures into the network's inputs.
    tasks
        Names of the assays, in the order of the outputs.
    label_counts
        ``active`` and ``inactive``: measured cells per task among the rows it was trained on.
    annotations
        What is known of an assay beyond its name, such as ``{"PCBA-1030": {"target_class": ...}}``.
    name
        How users call it.
    training
        Settings, data hash and split that it was trained with.
    metrics
        What was measured, by part and metric.
    card
        The model card, Markdown.
    """

    network: Any
    network_config: Config
    featurizer: Featurizer
    tasks: tuple[str, ...]
    label_counts: dict[str, list[int]]
    annotations: dict[str, dict[str, str]] = field(default_factory=dict)
    name: str = "model"
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    card: str = ""

    def __post_init__(self) -> None:
        self.network.eval()

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        parameter: torch.Tensor = next(iter(self.network.parameters()))
        return parameter.device

    def to(self, device: str | torch.device) -> Model:
        """Move the network.

        Raises
        ------
        ConfigError
            PyTorch knows no such device, or has none here.
        """
        try:
            self.network.to(device)
        except (AssertionError, RuntimeError) as error:
            raise ConfigError(f"device {str(device)!r} cannot be used: {error}") from error
        return self

    def featurize(self, structures: Sequence[str], workers: int = 1) -> Features:
        """Features of SMILES, row by row; those that fail carry a status and zero rows."""
        return featurize(structures, self.featurizer, workers=workers)

    def predict(self, structures: Sequence[str], workers: int = 1) -> pd.DataFrame:
        """Probabilities for a list of SMILES.

        Returns
        -------
        DataFrame aligned with the input: ``status`` first, then one float32 column per task, NaN
        where the status is not ok. The values are those that the command line prints.
        """
        import pandas as pd

        if isinstance(structures, str):
            raise ConfigError("predict takes a list of SMILES, found one text")
        structures = list(structures)
        features = self.featurize(structures, workers=workers)
        table = pd.DataFrame(self.predict_features(features), columns=list(self.tasks))
        table.insert(0, "status", [Status.from_code(int(code)).value for code in features.status])
        return table

    def predict_features(self, features: FeatureLike) -> NDArray[np.float32]:
        """Probabilities ``(n, n_tasks) float32`` for features made beforehand.

        Parameters
        ----------
        features
            What :meth:`featurize` returned; or a mapping from input name to block; or, for a model
            with one input, its block; or, for one bit fingerprint, packed bits
            ``(n, n_bits / 8) uint8`` (most significant bit first, as `numpy.packbits`).

        Raises
        ------
        ConfigError
            Inputs are missing, or have another number of columns than the model reads.
        """
        features = self._as_features(features)
        probabilities = np.full((len(features), len(self.tasks)), np.nan, dtype=np.float32)
        rows = np.flatnonzero(features.ok)
        for start in range(0, len(rows), BLOCK_ROWS):
            part = rows[start : start + BLOCK_ROWS]
            probabilities[part] = self._predict_block(features, part)
        return probabilities

    @torch.inference_mode()
    def _predict_block(self, features: Features, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        padded = np.resize(rows, BLOCK_ROWS)
        every = torch.arange(BLOCK_ROWS, device=self.device)
        inputs: Inputs = {
            name: resident(block.take(padded), self.device).batch(every)
            for name, block in features.blocks.items()
        }
        probabilities: NDArray[np.float32] = (
            torch.sigmoid(self.network(inputs).float()).cpu().numpy()
        )
        return probabilities[: len(rows)]

    def _as_features(self, given: FeatureLike) -> Features:
        expected = self.featurizer.fingerprints
        if isinstance(given, np.ndarray | Block):
            if len(expected) != 1:
                raise ConfigError(
                    f"the model reads {len(expected)} inputs ({', '.join(expected)}): "
                    "pass what model.featurize returns"
                )
            (name,) = expected
            given = {name: given}
        if isinstance(given, Mapping):
            blocks = {name: self._as_block(name, block) for name, block in given.items()}
            n = len(next(iter(blocks.values()), ()))
            given = Features(blocks, np.zeros(n, dtype=np.uint8))
        if not isinstance(given, Features):
            raise ConfigError(f"features are expected (model.featurize), found {type(given)}")
        wrong = [n for n, f in expected.items() if not f.holds(given.blocks.get(n))]
        if wrong or len(given.blocks) != len(expected):
            raise ConfigError(
                f"the model reads {self.featurizer.n_features}; found "
                f"{ {n: b.n_features for n, b in given.blocks.items()} }, which does not fit in "
                f"{', '.join(wrong) or 'number'}: pass what model.featurize returns"
            )
        return given

    def _as_block(self, name: str, block: Any) -> Block:
        if not isinstance(block, np.ndarray):
            return block  # type: ignore[no-any-return]
        try:
            return PackedBits(block, self.featurizer.n_features.get(name, 0))
        except ValueError as error:
            raise ConfigError(f"input {name!r}: packed bits are expected: {error}") from error

    def save(self, folder: str | Path, *, overwrite: bool = False, half: bool = False) -> Path:
        """Write the model folder (see :func:`bioassay_mtl.nn.folder.write_folder`)."""
        from bioassay_mtl.nn.folder import write_folder

        return write_folder(self, Path(folder), overwrite=overwrite, half=half)

    @staticmethod
    def load(name_or_folder: str | Path, device: str = "cpu") -> Model:
        """A shipped model by name, or any model folder."""
        from bioassay_mtl.nn.folder import read_folder
        from bioassay_mtl.nn.shipped import find_model

        return read_folder(find_model(name_or_folder)).to(device)
