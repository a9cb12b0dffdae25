"""Computing with a model's network: predictions, their spread, outputs, embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.models.calibration_file import calibrated
from bioassay_mtl.models.content import ModelContent
from bioassay_mtl.models.given import FeatureLike, as_features
from bioassay_mtl.models.knowing import Knowing
from bioassay_mtl.models.scaling import scaled
from bioassay_mtl.models.spread import spread_in_units
from bioassay_mtl.nn.inputs import Inputs, check_dense
from bioassay_mtl.nn.resident import batch_of, resident
from bioassay_mtl.nn.rows import first_rows
from bioassay_mtl.nn.spread import spread_of

BLOCK_ROWS = 256
"""Molecules per forward pass. Every pass has exactly this many rows (the last is padded), so that a
molecule's probabilities do not depend on its neighbors or on how a file is cut into batches."""
DEVICE_BLOCK_ROWS = 1024
"""The same on an accelerator, which does little at a time no faster."""
DEVICE_ROWS = 65_536
"""Molecules whose features are sent to an accelerator at once, and what is made of them back."""
Read = Callable[[Inputs], torch.Tensor]
"""Input of B molecules, ``(B, ...)``, where the network is."""


def on_host(found: torch.Tensor) -> NDArray[np.float32]:
    """Numbers of a device."""
    numbers: NDArray[np.float32] = found.cpu().numpy()
    return numbers


class Computing(ModelContent, Knowing):
    """A model whose network is there: it predicts from features."""

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        parameter: torch.Tensor = next(iter(self.network.parameters()))
        return parameter.device

    def predict_features(
        self, features: FeatureLike, calibrated: bool = True
    ) -> NDArray[np.float32]:
        """Predictions ``(n, n_columns) float32`` for features made beforehand.

        Parameters
        ----------
        features
            Features that :meth:`~bioassay_mtl.models.model.Model.featurize` returned; or a mapping
            from input name to block; or, for a model with one input, its block; or, packed bits
            ``(n, n_bits / 8) uint8`` (most significant bit first, as `numpy.packbits`), or real
            numbers ``(n, F)``.
        calibrated
            See :meth:`~bioassay_mtl.models.model.Model.predict`.

        Raises
        ------
        ConfigError
            Inputs are missing, or have another number of columns than the model reads.
        """
        finish = partial(self._predicted, calibration=self.calibration if calibrated else None)
        return self._in_blocks(features, len(self.columns), self._outputs, finish)

    def spread_features(
        self, features: FeatureLike, calibrated: bool = True
    ) -> NDArray[np.float32]:
        """Spread of the experts (:mod:`bioassay_mtl.models.spread`) in each prediction.

        Parameters and errors are those of :meth:`predict_features`, and so is the shape.
        """
        finish = spread_in_units(self, calibrated)
        return self._in_blocks(features, len(self.columns), self._spread, finish)

    def outputs_of(self, features: FeatureLike) -> NDArray[np.float32]:
        """Outputs ``(n, O) float32`` of the network, of which predictions are made.

        Logits of outcomes, values in standard units; parameters and errors as for
        :meth:`predict_features`, NaN where the status is not ok.
        """
        n_outputs = sum(self.network.outputs.counts)
        return self._in_blocks(features, n_outputs, self._outputs)

    def embed_features(self, features: FeatureLike) -> NDArray[np.float32]:
        """Outputs of all E experts, H numbers each, which the towers of the tasks read.

        Parameters
        ----------
        features
            See :meth:`predict_features`.

        Returns
        -------
        ``(n, E * H) float32``, the experts one after another (those of an ensemble's first member
        first), narrower experts filled up with zeros; NaN where the status is not ok.
        ``embedded.reshape(n, E, H)`` separates the experts.

        Raises
        ------
        ConfigError
            See :meth:`predict_features`.
        """
        return self._in_blocks(features, self.n_embedded, self._embedded)

    @property
    def n_embedded(self) -> int:
        """Numbers in a molecule's embedding: experts times their width."""
        width: int = self.network.width
        return int(self.network.connections.shape[1]) * width

    @torch.inference_mode()
    def _in_blocks(
        self,
        features: FeatureLike,
        n_columns: int,
        read: Read,
        finish: Callable[[torch.Tensor], NDArray[np.float32]] = on_host,
    ) -> NDArray[np.float32]:
        """``(n, n_columns)``: what is read of the usable molecules, a block at a time."""
        features = as_features(features, self.featurizer)
        found = np.full((len(features), n_columns), np.nan, dtype=np.float32)
        rows, size, at_once = np.flatnonzero(features.ok), BLOCK_ROWS, BLOCK_ROWS
        if self.device.type != "cpu":
            size, at_once = DEVICE_BLOCK_ROWS, DEVICE_ROWS
        for start in range(0, len(rows), at_once):
            part = rows[start : start + at_once]
            whole = features.take(np.resize(part, -(-len(part) // size) * size))
            parts = [read(block) for block in self._blocks(whole, size)]
            found[part] = finish(parts[0] if len(parts) == 1 else torch.cat(parts))[: len(part)]
        return found

    def _blocks(self, features: Features, size: int) -> Iterator[Inputs]:
        """Batches of inputs that the network reads; they are sent to its device once."""
        blocks = scaled(features.blocks, self.scalings)
        kept = {name: resident(block, self.device) for name, block in blocks.items()}
        every = first_rows(len(features), self.device)
        for start in range(0, len(features), size):
            rows = every[start : start + size]
            yield {name: batch_of(block, rows) for name, block in kept.items()}

    def _outputs(self, inputs: Inputs) -> torch.Tensor:
        found: torch.Tensor = self.network(inputs).float()
        return found

    def _predicted(
        self, outputs: torch.Tensor, calibration: Calibration | None
    ) -> NDArray[np.float32]:
        outputs = calibrated(outputs, calibration, self.network.outputs)
        found = on_host(self.network.outputs.predict(outputs))
        if self.target_scaler is not None:
            found = self.target_scaler.undo(found, self.kinds)
        return found if self.limits is None else self.limits.clip(found, self.kinds)

    def _spread(self, inputs: Inputs) -> torch.Tensor:
        return spread_of(self.network, inputs).float()

    def _embedded(self, inputs: Inputs) -> torch.Tensor:
        experts: torch.Tensor = self.network.experts(inputs)
        return experts.float().flatten(1)

    def inputs(self, features: Features) -> Inputs:
        """Inputs that the network reads of some molecules, all in one batch."""
        every = torch.arange(len(features), device=self.device)
        blocks = scaled(features.blocks, self.scalings)
        return {n: resident(block, self.device).batch(every) for n, block in blocks.items()}

    def dense_inputs(self, features: FeatureLike) -> dict[str, torch.Tensor]:
        """Inputs of some molecules as plain tensors: for compilers and exports.

        ``model.network(model.dense_inputs(features))`` gives the outputs ``(n, O)`` that
        ``model.network.outputs.predict`` makes predictions of, and ``torch.compile`` takes the
        network whole (``fullgraph=True``). Rows whose status is not ok are blank.

        Parameters
        ----------
        features
            See :meth:`predict_features`.

        Returns
        -------
        Inputs by name, ``(n, F) float32``, on the network's device: 1 and 0 for bits; counts, or
        their
        ``log2(1 + count)``; real numbers as ranks (:class:`FeatureScaler`).

        Raises
        ------
        ConfigError
            See :meth:`predict_features`, or an input is a graph.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> model = bm.load("pcba128")
        >>> inputs = model.dense_inputs(model.featurize(["CCO"]))
        >>> {name: tuple(x.shape) for name, x in inputs.items()}
        {'morgan': (1, 4096), 'torsion': (1, 2048), 'atom_pair': (1, 2048)}
        """
        check_dense(self.featurizer.input_sizes)
        blocks = scaled(as_features(features, self.featurizer).blocks, self.scalings)
        dense = {n: b.dense() for n, b in blocks.items() if b.is_table}
        return {name: torch.from_numpy(rows).to(self.device) for name, rows in dense.items()}
