"""The molecules that a model was trained on, in its folder.

``training_molecules.safetensors`` holds the tensor ``identities``, 8 bytes a molecule
(:mod:`bioassay_mtl.chem.identity`); ``config.json`` has its hash, and under ``training_molecules``
what another RDKit would have to agree with. Both are optional: models that were saved without them,
or trained on features alone, do not know their molecules.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules, probe
from bioassay_mtl.errors import ModelFolderError

if TYPE_CHECKING:
    from bioassay_mtl.models.description import ModelDescription

MOLECULES = "training_molecules.safetensors"
_KEY, _TENSOR = "training_molecules", "identities"

logger = logging.getLogger(__name__)


def training_record(model: ModelDescription) -> dict[str, Any]:
    """Record of them in ``config.json``; empty where they are not known."""
    if model.training_molecules is None:
        return {}
    return {_KEY: {"unidentified": model.training_molecules.unidentified, "probe": probe()}}


def write_molecules(model: ModelDescription, folder: Path) -> list[str]:
    """Write the file; its name, or none where there is nothing to write."""
    if model.training_molecules is None:
        return []
    from safetensors.numpy import save

    (folder / MOLECULES).write_bytes(save({_TENSOR: model.training_molecules.identities}))
    return [MOLECULES]


def read_molecules(folder: Path, config: Mapping[str, Any]) -> TrainingMolecules | None:
    """The molecules of a model folder; None where they are not known.

    Parameters
    ----------
    folder, config
        A model folder and its ``config.json``, whose hashes the caller checks.

    Raises
    ------
    ModelFolderError
        The file is missing or holds something else.
    """
    record = config.get(_KEY)
    if record is None:
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / MOLECULES
    if not path.is_file():
        raise ModelFolderError(f"{folder} is not a whole model folder: {MOLECULES} is missing")
    try:
        found = load(path.read_bytes())[_TENSOR]
        unidentified, expected = int(record["unidentified"]), str(record["probe"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelFolderError(f"{path}: no identities of training molecules: {error}") from error
    if found.dtype != np.uint64 or found.ndim != 1 or (found[1:] <= found[:-1]).any():
        raise ModelFolderError(f"{path}: identities must be ascending uint64, each once")
    made_with = config.get("featurizer_versions", {})
    if made_with != Featurizer.versions() and probe() != expected:
        logger.warning(
            "training molecules are not marked: this RDKit (%s) writes molecules otherwise than "
            "that of the model (%s)",
            Featurizer.versions()["rdkit"],
            made_with.get("rdkit", "unknown"),
        )
        return None
    tautomer = config["featurizer"].get("standardise") == "tautomer"
    return TrainingMolecules(found, unidentified, tautomer=tautomer)
