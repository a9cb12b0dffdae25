"""The contract of a fingerprint, and the registry of the kinds there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from bioassay_mtl.chem.features import CountScale, PackedBits, SparseCounts
from bioassay_mtl.chem.fingerprints.packing import pack_bits, pack_counts
from bioassay_mtl.chem.representation import Encoder, Representation
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import Registry, class_of

fingerprints: Registry[type[Representation]] = Registry(
    "fingerprint",
    "fingerprints",
    class_of("bioassay_mtl.chem.representation:Representation"),
    homes={
        "columns": "bioassay_mtl.chem.descriptors",
        "dense": "bioassay_mtl.chem.descriptors",
        "graph": "bioassay_mtl.chem.graphs",
        "rdkit_descriptors": "bioassay_mtl.chem.descriptors",
    },
)
"""All kinds that a model can read; graphs are among them."""


class Fingerprint(Representation):
    """Settings of one fingerprint; a kind implements :meth:`encoder`.

    Parameters
    ----------
    n_bits
        Length of the fingerprint, to which substructures are hashed.
    counts
        Hold how often each substructure occurs, not only whether it does.
    scale
        Scale that a network reads of a count: the count itself, or ``log2(1 + count)``.
    """

    n_bits: int = Field(gt=0, le=65536)
    counts: bool = False
    scale: CountScale = "log2"

    @property
    def n_features(self) -> int:
        """Number of positions."""
        return self.n_bits

    @property
    def summary(self) -> str:
        """Summary in a word or two, for people."""
        return f"{self.n_features:,} {'counts' if self.counts else 'bits'}"

    def decode(self, texts: Sequence[bytes]) -> PackedBits | SparseCounts:
        """The block of n molecules from what :meth:`encoder` made of each."""
        if self.counts:
            return pack_counts(texts, self.n_features, self.scale)
        return pack_bits(texts, self.n_features)

    def holds(self, block: object) -> bool:
        """Whether a block, made elsewhere, can be one of this fingerprint: kind, scale, width."""
        if self.counts:
            fits = isinstance(block, SparseCounts) and block.scale == self.scale
        else:
            fits = isinstance(block, PackedBits)
        return fits and block.n_features == self.n_features  # type: ignore[attr-defined]


def count_encoder(vector: Callable[[Any], Any]) -> Encoder:
    """The encoder of an RDKit function that makes count vectors."""
    return lambda mol: vector(mol).ToBinary()


def bit_encoder(vector: Callable[[Any], Any]) -> Encoder:
    """The encoder of an RDKit function that makes bit vectors."""
    from rdkit.DataStructs import BitVectToBinaryText

    return lambda mol: BitVectToBinaryText(vector(mol))


def generator_encoder(generator: Any, counts: bool) -> Encoder:
    """The encoder of an RDKit fingerprint generator, for its counts or its bits."""
    if counts:
        return count_encoder(generator.GetCountFingerprint)
    return bit_encoder(generator.GetFingerprint)


def fingerprint_from(settings: Mapping[str, Any] | Representation) -> Representation:
    """A fingerprint from a plain mapping, such as ``{"kind": "morgan", "n_bits": 4096}``.

    ``{"kind": "graph"}`` gives molecular graphs.

    Raises
    ------
    ConfigError
        There is no ``kind``, it or a key is unknown, or a value is out of range.
    """
    if isinstance(settings, Representation):
        return settings
    if not isinstance(settings, Mapping) or "kind" not in settings:
        raise ConfigError(
            f"a fingerprint needs a 'kind' (known: {', '.join(sorted(fingerprints))}), "
            f"found {settings!r}"
        )
    return fingerprints[settings["kind"]].of(dict(settings))
