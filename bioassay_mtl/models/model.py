"""A trained model: a network, the features it reads, and the names of its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.listing import check_aligned, index_of, listed
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.chem.status import Status
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, OutputError
from bioassay_mtl.models.computing import Computing
from bioassay_mtl.models.folder import read_folder, write_folder
from bioassay_mtl.models.knowing import Structures
from bioassay_mtl.models.scaling import FeatureScaler
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.nn.network import Network, n_weights
from bioassay_mtl.renamed import FORMER_SPELLING, keywords

if TYPE_CHECKING:
    import pandas as pd

    from bioassay_mtl.metrics import Evaluation
    from bioassay_mtl.panels.panel import Panel


class Model(Computing):
    """Predicts every task: probabilities of activity or of classes, and values.

    Parameters
    ----------
    network
        Maps inputs to outputs ``(B, O)``, one logit for each binary task; its weights are frozen.
    network_config
        Architecture of the network.
    metrics
        Metrics that were measured, by subset and metric.
    card
        The model card, Markdown.
    scalings
        Scaling of every real-valued input, from the training rows.
    featurizer, tasks, label_counts, annotations, name, training, kinds, target_scaler, \
training_molecules, beside
        See :class:`~bioassay_mtl.models.description.ModelDescription`.
    """

    @keywords({"standardisation": "target_scaler"})
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
        scalings: dict[str, FeatureScaler] | None = None,
        **described: Any,
    ) -> None:
        super().__init__(
            network=network,
            network_config=network_config,
            featurizer=featurizer,
            tasks=tasks,
            label_counts=label_counts,
            annotations=annotations or {},
            metrics=metrics or {},
            card=card,
            scalings=scalings or {},
            **described,
        )
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

    @keywords(FORMER_SPELLING)
    def featurize(
        self,
        structures: Structures,
        workers: int = 1,
        columns: Mapping[str, Sequence[Any]] | None = None,
        standardize: bool = False,
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
        standardize
            Whether molecules are standardized first, also where the model was not trained so:
            salts, charges and ways to write a group then make no difference. It takes two or three
            times as long.

        Raises
        ------
        ConfigError
            One text, a whole table, or an array of features is in the place of the SMILES.
        InputError
            If such columns are missing, hold no numbers, or are those of other rows.
        """
        check_aligned(structures, columns, "columns")
        featurizer = self.featurizer.standardizing() if standardize else self.featurizer
        features = featurize(listed(structures), featurizer, workers=workers)
        return self.featurizer.with_columns(features, {} if columns is None else columns)

    @keywords(FORMER_SPELLING)
    def predict(
        self,
        structures: Structures,
        workers: int = 1,
        columns: Mapping[str, Sequence[Any]] | None = None,
        standardize: bool = False,
        *,
        calibrated: bool = True,
        confidence: bool = False,
    ) -> pd.DataFrame:
        """Predictions for molecules; other parameters and errors as for :meth:`featurize`.

        Parameters
        ----------
        structures, workers, columns, standardize
            See :meth:`featurize`.
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

        features = self.featurize(structures, workers, columns, standardize)
        predicted, index = self.predict_features(features, calibrated), index_of(structures)
        table = pd.DataFrame(predicted, index=index, columns=list(self.columns))
        table.insert(0, "status", [Status.from_code(int(code)).value for code in features.status])
        if confidence:
            from bioassay_mtl.models.confident import confidence_table

            return table.join(confidence_table(self, features, predicted, index, calibrated))
        return table

    def evaluate(
        self, panel: Panel, *, n_bootstrap: int = 200, seed: int = 0, workers: int = 1
    ) -> Evaluation:
        """Evaluation of predictions on a panel, as ``bioassay-mtl evaluate``.

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
        """Embedding of molecules by the experts: vectors to cluster, to draw or to learn from.

        Parameters
        ----------
        structures, workers, columns
            See :meth:`predict`.

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

    def save(self, folder: str | Path, *, overwrite: bool = False, half: bool = False) -> Path:
        """Write the model folder (see :func:`bioassay_mtl.models.folder.write_folder`)."""
        return write_folder(self, Path(folder), overwrite=overwrite, half=half)

    def export(self, file: str | Path, format: str = "onnx", *, overwrite: bool = False) -> Path:
        """Write the model for another runtime (see :mod:`bioassay_mtl.models.export`).

        Parameters
        ----------
        file
            File to write; it appears whole or not at all.
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
