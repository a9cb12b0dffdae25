"""A trained model: a network, the features it reads, and the names of its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.listing import check_aligned, index_of, listed
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.chem.status import Status
from bioassay_mtl.confidence.calibration import Calibration
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, OutputError
from bioassay_mtl.models.calibration_file import calibrated
from bioassay_mtl.models.folder import read_folder, write_folder
from bioassay_mtl.models.given import FeatureLike, as_features
from bioassay_mtl.models.knowing import Knowing, Structures
from bioassay_mtl.models.scaling import ColumnScaling, scaled
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.models.spread import spread_in_units
from bioassay_mtl.nn.inputs import Inputs, check_dense
from bioassay_mtl.nn.network import Network, n_weights
from bioassay_mtl.nn.resident import batch_of, resident
from bioassay_mtl.nn.rows import first_rows
from bioassay_mtl.nn.spread import spread_of

if TYPE_CHECKING:
    import pandas as pd

    from bioassay_mtl.metrics import Evaluation
    from bioassay_mtl.panels.panel import Panel

BLOCK_ROWS = 256
"""Molecules per forward pass. Every pass has exactly this many rows (the last is padded), so that a
molecule's probabilities do not depend on its neighbours or on how a file is cut into batches."""
DEVICE_BLOCK_ROWS = 1024
"""The same on an accelerator, which does little at a time no faster."""
DEVICE_ROWS = 65_536
"""Molecules whose features are sent to an accelerator at once, and what is made of them back."""
Read = Callable[[Inputs], torch.Tensor]
"""What is read of B molecules, ``(B, ...)``, where the network is."""


def on_host(found: torch.Tensor) -> NDArray[np.float32]:
    """Numbers of a device."""
    numbers: NDArray[np.float32] = found.cpu().numpy()
    return numbers


@dataclass(init=False, repr=False)
class Model(Knowing):
    """Predicts every task: probabilities of activity or of classes, and values.

    Parameters
    ----------
    network
        Maps inputs to outputs ``(B, O)``, one logit for each binary task; its weights are frozen.
    network_config
        Its architecture.
    metrics
        What was measured, by part and metric.
    card
        The model card, Markdown.
    scalings
        Of every real-valued input, from the training rows.
    featurizer, tasks, label_counts, annotations, name, training, kinds, standardisation, \
training_molecules, beside
        See :class:`~bioassay_mtl.models.description.ModelDescription`.
    """

    network: Network
    network_config: Config
    metrics: dict[str, Any]
    card: str
    scalings: dict[str, ColumnScaling]

    def __init__(
        self,
        network: Network,
        network_config: Config,
        featurizer: Featurizer,
        tasks: tuple[str, ...],
        label_counts: dict[str, Any],
        annotations: dict[str, dict[str, str]] | None = None,
        *,
        metrics: dict[str, Any] | None = None,
        card: str = "",
        scalings: dict[str, ColumnScaling] | None = None,
        **described: Any,
    ) -> None:
        super().__init__(
            featurizer=featurizer,
            tasks=tasks,
            label_counts=label_counts,
            annotations=annotations or {},
            **described,
        )
        self.network, self.network_config = network, network_config
        self.metrics, self.card, self.scalings = metrics or {}, card, scalings or {}
        self.network.eval().requires_grad_(False)

    def __repr__(self) -> str:
        counts = Counter(kind.kind for kind in self.kinds)
        kinds = " and ".join(f"{n} {kind}" for kind, n in counts.items())
        assays = "assay" if len(self.tasks) == 1 else "assays"
        inputs = ", ".join(self.featurizer.fingerprints)
        n_experts = self.network.connections.shape[1]
        n_learned = n_weights(self.network)
        return (
            f"Model({self.name!r}: {kinds} {assays} from {inputs}; "
            f"{n_experts} experts, {n_learned:,} weights)"
        )

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

    def featurize(
        self,
        structures: Structures,
        workers: int = 1,
        columns: Mapping[str, Sequence[Any]] | None = None,
        standardise: bool = False,
    ) -> Features:
        """Features of SMILES, row by row; those that fail carry a status and blank rows.

        Parameters
        ----------
        structures
            n SMILES or RDKit molecules: a list, a Series, an array ``(n,)`` of numpy or pyarrow.
        workers
            Processes that featurize.
        columns
            n values by the name of each column that the model reads beside structures (a mapping,
            or a table of pandas).
        standardise
            Whether molecules are standardised first, also where the model was not trained so:
            salts, charges and ways to write a group then make no difference. It takes two or three
            times as long.

        Raises
        ------
        ConfigError
            One text, a whole table, or an array of features is in the place of the SMILES.
        InputError
            Where such columns are missing, hold no numbers, or are those of other rows.
        """
        check_aligned(structures, columns, "columns")
        featurizer = self.featurizer.standardising() if standardise else self.featurizer
        features = featurize(listed(structures), featurizer, workers=workers)
        return self.featurizer.with_columns(features, {} if columns is None else columns)

    def predict(
        self,
        structures: Structures,
        workers: int = 1,
        columns: Mapping[str, Sequence[Any]] | None = None,
        standardise: bool = False,
        *,
        calibrated: bool = True,
        confidence: bool = False,
    ) -> pd.DataFrame:
        """Predictions for molecules; other parameters and errors as for :meth:`featurize`.

        Parameters
        ----------
        structures, workers, columns, standardise
            As for :meth:`featurize`.
        calibrated
            Whether probabilities are those of the model's :attr:`calibration`, where it has one, or
            those of the network itself.
        confidence
            Whether to say how sure predictions are (:mod:`bioassay_mtl.models.confident`).

        Returns
        -------
        DataFrame aligned with the input, with the index of a Series: ``status`` first, then float32
        :attr:`columns`, NaN where the status is not ok. The values are those that the command line
        prints. With `confidence` columns ``A:spread``, ``A:low`` and ``A:high`` follow for each
        column A.
        """
        import pandas as pd

        features = self.featurize(structures, workers, columns, standardise)
        predicted, index = self.predict_features(features, calibrated), index_of(structures)
        table = pd.DataFrame(predicted, index=index, columns=list(self.columns))
        table.insert(0, "status", [Status.from_code(int(code)).value for code in features.status])
        if confidence:
            from bioassay_mtl.models.confident import confidence_table

            return table.join(confidence_table(self, features, predicted, index, calibrated))
        return table

    def predict_features(
        self, features: FeatureLike, calibrated: bool = True
    ) -> NDArray[np.float32]:
        """Predictions ``(n, n_columns) float32`` for features made beforehand.

        Parameters
        ----------
        features
            What :meth:`featurize` returned; or a mapping from input name to block; or, for a model
            with one input, its block; or, packed bits ``(n, n_bits / 8) uint8``
            (most significant bit first, as `numpy.packbits`), or real numbers ``(n, F)``.
        calibrated
            See :meth:`predict`.

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
        """How far experts are apart (:mod:`bioassay_mtl.models.spread`), in each prediction.

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

    def evaluate(
        self, panel: Panel, *, n_bootstrap: int = 200, seed: int = 0, workers: int = 1
    ) -> Evaluation:
        """How good predictions are where a panel says what is right: as ``bioassay-mtl evaluate``.

        Parameters
        ----------
        panel
            Molecules with outcomes in some of the model's assays, by the model's names for them;
            those not measured have no part in it, nor other assays of the panel.
        n_bootstrap, seed
            Resamples of the molecules for 95 % intervals (0 for none), and their seed.
        workers
            Processes that featurize.

        Returns
        -------
        Evaluation
            ``macro`` holds the means over assays, ``table()`` one row for each assay.

        Raises
        ------
        InputError
            The panel holds none of the model's assays, or means something else by one (other
            classes, another unit), or none of its molecules can be read.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> panel = bm.Panel.from_arrays(["CCO", "c1ccccc1O"], [[0], [1]], ["PCBA-1030"])
        >>> found = bm.load("pcba128").evaluate(panel, n_bootstrap=0)
        >>> found.n_molecules, found.tasks
        (2, ('PCBA-1030',))
        """
        from bioassay_mtl.models.evaluation import evaluated

        return evaluated(self, panel, n_bootstrap, seed, workers)

    def embed(
        self,
        structures: Structures,
        workers: int = 1,
        columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> pd.DataFrame:
        """What the experts make of molecules: vectors to cluster, to draw or to learn from.

        Parameters
        ----------
        structures, workers, columns
            As for :meth:`predict`.

        Returns
        -------
        DataFrame aligned with the input, float32: :meth:`embed_features`, its columns named
        ``expert0[0]``, ``expert0[1]``, ...; NaN in the row of a molecule that cannot be used.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> model = bm.load("pcba128")
        >>> model.embed(["CCO", "c1ccccc1O"]).shape == (2, model.n_embedded)
        True
        """
        import pandas as pd

        embedded = self.embed_features(self.featurize(structures, workers, columns))
        width = self.network.width
        names = [f"expert{place // width}[{place % width}]" for place in range(self.n_embedded)]
        return pd.DataFrame(embedded, index=index_of(structures), columns=names)

    def embed_features(self, features: FeatureLike) -> NDArray[np.float32]:
        """Outputs of all E experts, H numbers each, which the towers of the tasks read.

        Parameters
        ----------
        features
            As for :meth:`predict_features`.

        Returns
        -------
        ``(n, E * H) float32``, the experts one after another (those of an ensemble's first member
        first), narrower experts filled up with zeros; NaN where the status is not ok.
        ``embedded.reshape(n, E, H)`` separates the experts.

        Raises
        ------
        ConfigError
            As for :meth:`predict_features`.
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
        """What the network reads of some molecules at a time; they are sent to its device once."""
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
        if self.standardisation is not None:
            found = self.standardisation.undo(found, self.kinds)
        return found

    def _spread(self, inputs: Inputs) -> torch.Tensor:
        return spread_of(self.network, inputs).float()

    def _embedded(self, inputs: Inputs) -> torch.Tensor:
        experts: torch.Tensor = self.network.experts(inputs)
        return experts.float().flatten(1)

    def inputs(self, features: Features) -> Inputs:
        """What the network reads of some molecules, all in one batch."""
        every = torch.arange(len(features), device=self.device)
        blocks = scaled(features.blocks, self.scalings)
        return {n: resident(block, self.device).batch(every) for n, block in blocks.items()}

    def dense_inputs(self, features: FeatureLike) -> dict[str, torch.Tensor]:
        """What the network reads of some molecules, as plain tensors: for compilers and exports.

        ``model.network(model.dense_inputs(features))`` gives the outputs ``(n, O)`` that
        ``model.network.outputs.predict`` makes predictions of, and ``torch.compile`` takes the
        network whole (``fullgraph=True``). Rows whose status is not ok are blank.

        Parameters
        ----------
        features
            As for :meth:`predict_features`.

        Returns
        -------
        By input ``(n, F) float32``, on the network's device: 1 and 0 for bits; counts, or their
        ``log2(1 + count)``; real numbers as ranks (:class:`ColumnScaling`).

        Raises
        ------
        ConfigError
            As for :meth:`predict_features`, or an input is a graph.

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

    def save(self, folder: str | Path, *, overwrite: bool = False, half: bool = False) -> Path:
        """Write the model folder (see :func:`bioassay_mtl.models.folder.write_folder`)."""
        return write_folder(self, Path(folder), overwrite=overwrite, half=half)

    def export(self, file: str | Path, format: str = "onnx", *, overwrite: bool = False) -> Path:
        """Write the model for another runtime (see :mod:`bioassay_mtl.models.export`).

        Parameters
        ----------
        file
            Where; it appears whole or not at all.
        format
            ``onnx``, or ``torch`` (an exported program, ``.pt2``).
        overwrite
            Replace an existing file.

        Raises
        ------
        ConfigError
            The format is unknown, or the model reads graphs.
        ExportError
            The network cannot be written so, or what was written predicts something else.
        OutputError
            The file exists, or writing fails.
        MissingExtraError
            A package is not installed.
        """
        from bioassay_mtl.files import whole_file
        from bioassay_mtl.models.export import export

        if Path(file).exists() and not overwrite:  # said before the seconds that it takes
            raise OutputError(f"{file} exists (choose another name, or overwrite it)")
        data = export(self, format).data
        with whole_file(file, overwrite=overwrite) as stream:
            stream.write(data)
        return Path(file)

    @staticmethod
    def load(name_or_folder: str | Path, device: str = "cpu") -> Model:
        """A shipped model by name, or any model folder."""
        return Model(**vars(read_folder(find_model(name_or_folder)))).to(device)
