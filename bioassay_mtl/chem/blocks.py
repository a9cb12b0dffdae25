"""Interface of all that holds features of many molecules. A new container is a new file.

On the device that the network runs on, it is one of the :data:`bioassay_mtl.nn.resident.residents`,
by its `kind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray


class Block(ABC):
    """Features of n molecules under one input; rows are molecules."""

    kind: ClassVar[str]
    """The name of the container."""
    is_real: ClassVar[bool] = False
    """Whether its columns are real numbers, which a model scales first."""
    is_table: ClassVar[bool] = True
    """Whether it has one number for each molecule and column; graphs have not."""

    if TYPE_CHECKING:  # a field in some, a property in others

        @property
        def n_features(self) -> int:
            """Number of columns."""
            ...

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def take(self, rows: NDArray[Any]) -> Block:
        """Some molecules, in that order; rows are positions or a mask."""

    @staticmethod
    @abstractmethod
    def concatenate(blocks: Sequence[Any]) -> Any:
        """Blocks of the same input, one after another."""

    @abstractmethod
    def row_keys(self) -> Iterable[Hashable]:
        """Key of each molecule, which only molecules of the same features share."""

    @abstractmethod
    def stable_bytes(self) -> Iterator[bytes]:
        """All that must be equal wherever the same features are computed."""

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Settings of the input that reads such a block as it is given."""

    def untold(self) -> str:
        """Keys that `settings` cannot give, since the block does not hold how it was made."""
        return ""

    def check(self) -> None:  # noqa: B027 (most containers cannot be wrong once they are made)
        """Make sure that all of it has a meaning.

        Raises
        ------
        ValueError
            Something has none.
        """

    def raw(self) -> NDArray[Any]:
        """``(n, F)``: what was measured or counted, before a network's scale.

        Raises
        ------
        TypeError
            The block is no table.
        """
        raise TypeError(f"no table of numbers: {type(self).__name__}")

    def dense(self) -> NDArray[np.float32]:
        """``(n, F)``: what a network reads.

        Raises
        ------
        TypeError
            The block is no table.
        """
        raise TypeError(f"no table of numbers: {type(self).__name__}")
