"""The contract of what a model reads of a molecule: a fingerprint, a graph, or descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from bioassay_mtl.config import Config

Encoder = Callable[[Any], bytes]


class GraphSize(NamedTuple):
    """Size of graphs: numbers of codes by column, and of real columns."""

    atom_widths: tuple[int, ...]
    bond_widths: tuple[int, ...]
    n_reals: int


class DenseSize(NamedTuple):
    """Size of real-valued features."""

    n_columns: int


InputSize = int | DenseSize | GraphSize
"""Columns of a fingerprint, or the size of real-valued features, or of graphs."""


class Representation(Config):
    """Settings of one representation; a kind implements :meth:`encoder` and :meth:`decode`.

    The work is in two steps, so that a molecule is gone from the processor's cache only after all
    its representations are made: :meth:`encoder` makes the bytes of one molecule, :meth:`decode`
    the block of many.

    Parameters
    ----------
    kind
        The registered name of the kind.
    """

    is_computed: ClassVar[bool] = True
    """Whether it is made from the structure; if not, it is given with the molecules."""

    kind: str

    @property
    def is_flat(self) -> bool:
        """Whether stereochemistry makes no difference: molecules need not have it found."""
        return False

    @property
    def n_features(self) -> int:
        """Number of features: positions of a fingerprint, columns, or width of an atom."""
        raise NotImplementedError

    @property
    def input_size(self) -> InputSize:
        """Size that the layers that read it must know."""
        return self.n_features

    @property
    def summary(self) -> str:
        """Summary in a word or two, for people."""
        raise NotImplementedError

    def encoder(self) -> Encoder:
        """The function from an RDKit molecule to its bytes."""
        raise NotImplementedError

    def decode(self, texts: Sequence[bytes]) -> Any:
        """The block of n molecules from what :meth:`encoder` made of each."""
        raise NotImplementedError

    def blank(self, n: int) -> Any:
        """The block of n molecules of which nothing is known; of what is not computed."""
        raise NotImplementedError

    def holds(self, block: object) -> bool:
        """Whether a block, made elsewhere, can be one of this representation."""
        raise NotImplementedError

    def block(self, mols: Iterable[Any]) -> Any:
        """The block of RDKit molecules, one row each; empty for one without atoms."""
        return self.decode([*map(encoder_of(self), mols)])


@lru_cache(maxsize=64)
def encoder_of(representation: Representation) -> Encoder:
    """`Representation.encoder`, made once per setting: building a generator costs time."""
    return representation.encoder()
