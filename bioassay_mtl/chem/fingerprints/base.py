"""The contract of a fingerprint, and the registry of the kinds there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import Field

from bioassay_mtl.chem.features import CountScale, PackedBits, SparseCounts
from bioassay_mtl.chem.fingerprints.packing import pack_bits, pack_counts
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import Registry

Encoder = Callable[[Any], bytes]

fingerprints: Registry[type[Fingerprint]] = Registry("fingerprint")


class Fingerprint(Config):
    """Settings of one fingerprint; a kind implements :meth:`encoder`.

    The work is in two steps, so that a molecule is gone from the processor's cache only after all
    its fingerprints are made: :meth:`encoder` makes the bytes of one molecule, :meth:`decode` the
    block of many.

    Parameters
    ----------
    kind
        The registered name of the kind.
    n_bits
        Length of the fingerprint, to which substructures are hashed.
    counts
        Hold how often each substructure occurs, not only whether it does.
    scale
        What a network reads of a count: the count itself, or ``log2(1 + count)``.
    """

    kind: str
    n_bits: int = Field(gt=0, le=65536)
    counts: bool = False
    scale: CountScale = "log2"

    @property
    def n_features(self) -> int:
        """Number of positions."""
        return self.n_bits

    def encoder(self) -> Encoder:
        """The function from an RDKit molecule to the bytes of its vector."""
        raise NotImplementedError

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

    def block(self, mols: Iterable[Any]) -> PackedBits | SparseCounts:
        """Fingerprints of RDKit molecules, one row each; all zero for one without atoms."""
        return self.decode([*map(encoder_of(self), mols)])


@lru_cache(maxsize=64)
def encoder_of(fingerprint: Fingerprint) -> Encoder:
    """`Fingerprint.encoder`, made once per setting: building a generator costs time."""
    return fingerprint.encoder()


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


def fingerprint_from(settings: Mapping[str, Any] | Fingerprint) -> Fingerprint:
    """A fingerprint from a plain mapping, such as ``{"kind": "morgan", "n_bits": 4096}``.

    Raises
    ------
    ConfigError
        Without a ``kind``, with an unknown kind or key, or a value out of range.
    """
    if isinstance(settings, Fingerprint):
        return settings
    if not isinstance(settings, Mapping) or "kind" not in settings:
        raise ConfigError(
            f"a fingerprint needs a 'kind' (known: {', '.join(sorted(fingerprints))}), "
            f"found {settings!r}"
        )
    return fingerprints[settings["kind"]].of(dict(settings))
