"""Knowledge of a model beyond predictions: its training molecules, and their like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.listing import index_of, listed
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.description import Predictor
from bioassay_mtl.models.domain import known_domain
from bioassay_mtl.renamed import attribute

if TYPE_CHECKING:
    import pandas as pd

    from bioassay_mtl.chem.features import Features
    from bioassay_mtl.explain import Explanation

Structures = Iterable[Any]
"""SMILES or RDKit molecules, see :func:`bioassay_mtl.chem.listing.listed`."""


class Knowing(Predictor):
    """A model that knows the molecules that it was trained on."""

    def in_training(self, structures: Structures) -> NDArray[np.bool_]:
        """Molecules that the model was trained on, or that chose its epoch: no news from it.

        Salts, charges, stereochemistry, isotopes and atom maps make no other molecule.

        Parameters
        ----------
        structures
            See :meth:`featurize`.

        Returns
        -------
        ``(n,) bool``: False where a structure cannot be read.

        Raises
        ------
        ConfigError
            The model does not know its training molecules.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> bm.load("pcba128").in_training(["CC(=O)Nc1ccc(O)cc1", "CCCCCCCCCCCCCC"]).shape
        (2,)
        """
        if self.training_molecules is None:
            raise ConfigError(
                f"{self.name} does not know its training molecules: it was saved before models "
                "kept them, or trained on features without structures"
            )
        return self.training_molecules.hold(listed(structures))

    def domain(self, structures: Structures, assays: Sequence[str] = ()) -> pd.DataFrame:
        """Distance of molecules from those that the model was trained on.

        Similarity is Tanimoto on Morgan fingerprints (radius 2, 1,024 bits).

        Parameters
        ----------
        structures
            n SMILES or RDKit molecules.
        assays
            Names of assays whose known labels are given, too.

        Returns
        -------
        DataFrame aligned with the input, with the index of a Series: ``status``; ``similarity`` to
        the nearest training molecule, and ``nearest``, its SMILES, where it is kept; ``in_domain``:
        whether it is as near as 95 % of the training molecules are to each other; ``in_training``.
        Column ``A:known`` for each predicted column of an assay, what was measured of the same
        molecule,
        and ``A:nearest_active``, the similarity of the nearest known active (of that class, in an
        assay of classes; measured, in one of values), NaN where none is at 0.35 or above.

        Raises
        ------
        ConfigError
            The model keeps no training molecules, or has no such assay.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> found = bm.load("pcba128").domain(["CC(=O)Nc1ccc(O)cc1", "[Na+].[Cl-]"])
        >>> found["in_domain"].tolist()
        [True, False]
        """
        from bioassay_mtl.models.domain_table import domain_table

        return domain_table(self, self._told(structures), assays, index_of(structures))

    def neighbors(
        self, structures: Structures, assay: str | None = None, k: int = 1
    ) -> pd.DataFrame:
        """The nearest training molecules, however far they are.

        Parameters
        ----------
        structures
            n SMILES or RDKit molecules.
        assay
            Name of an assay, or of a predicted column: only its known actives are looked at (those
            of the class, of a class's column; those measured, in an assay of values).
        k
            Neighbors of each molecule, at most.

        Returns
        -------
        DataFrame with a row for each pair, the nearest first: ``molecule``, the number of the
        molecule in the input; ``rank`` from 1; ``similarity``; ``nearest``, the SMILES of the
        neighbor where it is kept; with an assay also ``known``, what was measured of it. Molecules
        that cannot be read have no row.

        Raises
        ------
        ConfigError
            See :meth:`domain`.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> bm.load("pcba128").neighbors(["CC(=O)Nc1ccc(O)cc1"], k=2)["rank"].tolist()
        [1, 2]
        """
        from bioassay_mtl.models.domain_table import neighbor_table

        return neighbor_table(self, self._told(structures), assay, k)

    neighbours = attribute("neighbours", "neighbors")

    def explain(
        self,
        structures: Structures,
        assay: str,
        columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> list[Explanation | None]:
        """Reasons for predictions of molecules: the share of each atom, by expert and in all.

        Networks by integrated gradients from an empty input (a graph keeps its bonds, without
        features; gates that read the molecule are part of the path), trees by exact Shapley values
        against the mean of their training rows. Atoms share the substructures that they are part
        of. Descriptors, and what a molecule lacks, belong to the molecule as a whole.

        Parameters
        ----------
        structures
            n SMILES or RDKit molecules.
        assay
            Name of an assay, or of a predicted column; of an assay of classes, a column.
        columns
            See :meth:`~bioassay_mtl.models.model.Model.predict`.

        Returns
        -------
        One for each molecule, None where it cannot be read:
        :class:`~bioassay_mtl.explain.Explanation`, whose shares sum to the change of the log-odds
        (of a value, in its unit) against the reference. Probabilities may have been calibrated
        afterwards, which no atom has part in.

        Raises
        ------
        ConfigError
            The model has no such assay, or it has several columns: name one.

        Examples
        --------
        >>> import bioassay_mtl as bm
        >>> (found,) = bm.load("pcba128").explain(["CC(=O)Nc1ccc(O)cc1"], "PCBA-1030")
        >>> change = found.value - found.reference
        >>> len(found.atoms), bool(abs(found.atoms.sum() + found.whole - change) < 1e-4)
        (11, True)
        """
        from bioassay_mtl.models.reasons import explained

        return explained(self, structures, assay, columns)

    def _told(self, structures: Structures) -> Features:
        """Features that the domain must know of molecules."""
        from bioassay_mtl.domain.fingerprints import also_computed, source_of

        known_domain(self)
        prints = self.featurizer.fingerprints
        source = source_of(prints)
        read = {source: prints[source]} if source else also_computed(prints)
        looking = replace(self.featurizer, fingerprints=read, training=self.training_molecules)
        return featurize(listed(structures), looking)
