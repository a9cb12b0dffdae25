"""The training molecules of a model with what was measured of them, in its folder.

``domain.safetensors`` holds compressed fingerprints, SMILES, identities and measured cells: about
80 bytes a molecule (:mod:`bioassay_mtl.domain.storage`). It is read when it is asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem import identity
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.companions import Companion, companions

if TYPE_CHECKING:
    from bioassay_mtl.domain import Domain
    from bioassay_mtl.models.description import ModelDescription

NAME = "domain"

logger = logging.getLogger(__name__)


@companions.register(NAME)
class DomainFile(Companion["Domain"]):
    """Training molecules, see :class:`bioassay_mtl.domain.Domain`."""

    files = ("domain.safetensors",)
    is_big = True

    def write(self, held: Domain, folder: Path) -> None:
        from safetensors.numpy import save

        from bioassay_mtl.domain.storage import arrays_of

        (folder / self.files[0]).write_bytes(save(arrays_of(held)))

    def record(self, held: Domain) -> dict[str, Any]:
        from bioassay_mtl.domain import fingerprints

        return {
            "molecules": len(held),
            "threshold": held.threshold,
            "structures": held.structures is not None and held.keeps_structures,
            "probe": fingerprints.probe(),
            "identity_probe": identity.probe(),
        }

    def read(self, folder: Path, config: Mapping[str, Any]) -> Domain | None:
        from safetensors import SafetensorError
        from safetensors.numpy import load

        from bioassay_mtl.domain.storage import domain_of

        record = config["beside"][NAME]
        if not _agrees(record, config):
            return None
        try:
            arrays = load((folder / self.files[0]).read_bytes())
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        tautomer = config["featurizer"].get("standardise") == "tautomer"
        threshold = float(record["threshold"])
        return domain_of(arrays, len(config["tasks"]), threshold, tautomer=tautomer)

    def joined(self, held: Sequence[Domain]) -> Domain:
        from bioassay_mtl.domain import Domain

        return Domain.union(held)


def known_domain(model: ModelDescription) -> Domain:
    """Domain of a model: its training molecules.

    Raises
    ------
    ConfigError
        It has nothing of the kind.
    """
    held: Domain | None = model.beside.get(NAME)
    if held is None:
        raise ConfigError(
            f"{model.name} does not keep its training molecules (domain.safetensors): it was saved "
            "before models did, trained on features without structures or with domain: none, or "
            "this RDKit makes other fingerprints"
        )
    return held


def _agrees(record: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether this RDKit makes the same fingerprints and identities."""
    from bioassay_mtl.domain import fingerprints

    made_with = config.get("featurizer_versions", {})
    if made_with == Featurizer.versions():
        return True
    expected = record["probe"], record["identity_probe"]
    if (fingerprints.probe(), identity.probe()) == expected:
        return True
    logger.warning(
        "training molecules are not compared: this RDKit (%s) makes other fingerprints or SMILES "
        "than that of the model (%s)",
        Featurizer.versions()["rdkit"],
        made_with.get("rdkit", "unknown"),
    )
    return False
