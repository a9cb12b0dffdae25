"""Explanations of a model's predictions, from structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bioassay_mtl.chem.listing import check_aligned, listed
from bioassay_mtl.chem.molecule import parse_smiles
from bioassay_mtl.chem.standardize import standardize
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.explain import Explanation, explain_features
from bioassay_mtl.models.domain_table import columns_named
from bioassay_mtl.nn.cores import on_one_core


def explained(
    model: Any,
    structures: Any,
    assay: str,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> list[Explanation | None]:
    """See :meth:`bioassay_mtl.models.knowing.Knowing.explain`."""
    check_aligned(structures, columns, "columns")
    model.featurizer.check_computed()
    places = columns_named(model, assay)
    if len(places) > 1:
        names = ", ".join(model.columns[place] for place in places)
        raise ConfigError(f"{assay} has several columns, which are explained one by one: {names}")
    if str(model.device) != "cpu":
        raise ConfigError("explanations are made on the CPU: model.to('cpu')")
    texts = listed(structures)
    features = model.featurize(texts, columns=columns)
    found: list[Explanation | None] = [None] * len(texts)
    with on_one_core():  # products are small: beside other work, two take ten times as long
        for row in np.flatnonzero(features.ok).tolist():
            mol, smiles = as_read(model.featurizer, texts[row])
            one = features.take(np.array([row]))
            found[row] = explain_features(model, one, mol, smiles, places[0])
    return found


def as_read(featurizer: Any, text: str) -> tuple[Any, str]:
    """The molecule that a featurizer makes features of, and its SMILES."""
    smiles = text.split(None, 1)[0]
    if featurizer.standardize:
        smiles = standardize(smiles, tautomer=featurizer.standardize == "tautomer").smiles
    mol = parse_smiles(smiles, featurizer.max_atoms)
    if isinstance(mol, Status):
        raise ConfigError(f"{text!r} cannot be read: {mol.value}")
    return mol, smiles
