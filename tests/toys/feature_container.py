"""A container of features: shares of the elements, a byte each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.fingerprints import fingerprints
from bioassay_mtl.chem.representation import Encoder, Representation
from bioassay_mtl.nn.resident import residents

ELEMENTS = (6, 7, 8, 9)


@dataclass(frozen=True)
class ByteShares(Block):
    kind = "toy_shares"
    shares: NDArray[np.uint8]

    @property
    def n_features(self) -> int:
        return len(ELEMENTS)

    def __len__(self) -> int:
        return len(self.shares)

    def take(self, rows: NDArray[Any]) -> ByteShares:
        return ByteShares(self.shares[rows])

    @staticmethod
    def concatenate(blocks: Sequence[ByteShares]) -> ByteShares:
        return ByteShares(np.concatenate([block.shares for block in blocks]))

    def row_keys(self) -> Iterator[bytes]:
        return (row.tobytes() for row in self.shares)

    def stable_bytes(self) -> Iterator[bytes]:
        yield self.shares.tobytes()

    def settings(self) -> dict[str, Any]:
        return {"kind": "toy_shares"}


@residents.register("toy_shares")
class ResidentShares:
    def __init__(self, block: ByteShares, device: torch.device) -> None:
        self.shares = torch.from_numpy(block.shares.copy()).to(device)

    def batch(self, rows: torch.Tensor) -> torch.Tensor:
        return self.shares[rows].float() / 255


@fingerprints.register("toy_shares")
class Shares(Representation):
    kind: Literal["toy_shares"] = "toy_shares"

    @property
    def n_features(self) -> int:
        return len(ELEMENTS)

    @property
    def summary(self) -> str:
        return "4 shares"

    def encoder(self) -> Encoder:
        def encode(mol: Any) -> bytes:
            numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
            n = max(1, len(numbers))
            return bytes(round(255 * numbers.count(element) / n) for element in ELEMENTS)

        return encode

    def decode(self, texts: Sequence[bytes]) -> ByteShares:
        return ByteShares(np.frombuffer(b"".join(texts), np.uint8).reshape(-1, len(ELEMENTS)))

    def holds(self, block: object) -> bool:
        return isinstance(block, ByteShares)
