"""Weights of a network that is coded, in its folder: the code stands in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bioassay_mtl.nn.coding.code import ALPHABETS, COUNTS, WORDS, Code

if TYPE_CHECKING:
    from torch import Tensor

    from bioassay_mtl.nn.network import Network

_OF_CODES = (WORDS, COUNTS, ALPHABETS)


def code_of(network: Network) -> Code | None:
    """The code of a network's learned numbers; None where they are kept as they are."""
    found: Code | None = getattr(network, "code", None)
    return found


def coded_state(network: Network) -> dict[str, Tensor]:
    """State that a folder keeps: that of a network, less what is coded."""
    state, code = network.state_dict(), code_of(network)
    if code is None:
        return state
    coded = {array.name for array in code.arrays}
    return {name: held for name, held in state.items() if name not in coded} | code.tensors()


def load_coded_state(network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Give a network the state that a folder keeps.

    Raises
    ------
    RuntimeError
        The code, or the state, is of another network.
    MissingExtraError
        There is a code, and no decoder is installed.
    """
    if WORDS not in tensors or not hasattr(network, "coded_names"):
        network.load_state_dict(tensors)
        return
    rest = {name: held for name, held in tensors.items() if name not in _OF_CODES}
    try:
        code = Code.of_tensors(tensors, network.coded_names)
        state = code.state(network.state_dict())
    except (IndexError, ValueError) as error:
        raise RuntimeError(f"the code is of something else: {error}") from error
    network.load_state_dict(rest | state)
    network.code = code  # type: ignore[attr-defined]
