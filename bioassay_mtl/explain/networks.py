"""Explanations of networks of any kind, expert by expert."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bioassay_mtl.chem.graphs import GraphBlock
from bioassay_mtl.explain.atoms import AtomShares
from bioassay_mtl.explain.paths import Path
from bioassay_mtl.explain.pieces import Piece
from bioassay_mtl.explain.trees import tree_piece
from bioassay_mtl.nn.architectures.ensemble import Ensemble
from bioassay_mtl.nn.architectures.mmoeex import filled
from bioassay_mtl.nn.architectures.stacked import Stacked
from bioassay_mtl.nn.architectures.trees import TreeNetwork
from bioassay_mtl.nn.fitted.network import FittedNetwork
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.towers import VotingTower


def pieces_of(
    network: Any,
    inputs: Inputs,
    graphs: Mapping[str, GraphBlock],
    shares: AtomShares,
    output: int,
) -> list[Piece]:
    """Pieces that experts add to an output of one molecule; they sum to the output.

    Mixtures whose towers vote are sums of what their experts say times their gates; others, whose
    towers see the mixture alone, are one piece.

    Parameters
    ----------
    network
        A network of any kind.
    inputs
        Inputs for one molecule.
    graphs
        Blocks of the inputs that are graphs, of one row.
    shares
        Atoms that share in the positions of tables.
    output
        Number of the output.
    """
    if isinstance(network, Ensemble):
        return [
            piece.times(weight)
            for weight, member in zip(network.weights, network.members, strict=True)
            for piece in pieces_of(member, inputs, graphs, shares, output)
        ]
    if isinstance(network, Stacked):
        return _stacked(network, inputs, graphs, shares, output)
    read = {name: inputs[name] for name in _read(network, inputs)}
    own = {name: block for name, block in graphs.items() if name in read}
    if isinstance(network, TreeNetwork):
        name = f"{network.config_class.model_fields['kind'].default.replace('_', ' ')}"
        piece = tree_piece(network, read, shares, output)
        return [_renamed(piece, f"{name} on {', '.join(network.inputs)}")]
    if isinstance(getattr(network, "tower", None), VotingTower) and hasattr(network, "votes"):
        return _mixture(network, read, own, shares, output)
    path = Path(network, read, own, shares)
    return path.pieces([_name(network)], lambda at: network(at).float()[:, output : output + 1])


def _mixture(
    network: Any,
    inputs: Inputs,
    graphs: Mapping[str, GraphBlock],
    shares: AtomShares,
    output: int,
) -> list[Piece]:
    """What experts say alone, times their gates: group by group, where gates read no molecule."""
    if network.gate.reads_inputs:

        def votes(at: Inputs) -> Tensor:
            said, gates = network.votes(at)
            both: Tensor = (said.float() * gates.float())[:, :, output]
            return both

        return Path(network, inputs, graphs, shares).pieces(_names(network), votes)
    with torch.no_grad():
        gates = network.tower.of_outputs(network.mixing_weights(inputs))[0].float()
    gates, nothing = gates[output if len(gates) > 1 else 0], np.zeros(shares.n_atoms)
    found, first = [Piece(name, 0.0, 0.0, nothing, 0.0) for name in _names(network)], 0
    for group in network.groups:
        numbers = range(first, first + int(group.config.n))
        heard = [number for number in numbers if gates[number]]
        if heard:
            read = {name: inputs[name] for name in group.config.inputs}
            own = {name: block for name, block in graphs.items() if name in read}
            votes = partial(
                _votes, network, group, output, gates[numbers.start : numbers.stop], first
            )
            names = [found[number].name for number in heard]
            pieces = Path(group, read, own, shares).pieces(names, votes)
            for number, piece in zip(heard, pieces, strict=True):
                found[number] = piece
        first = numbers.stop
    return found


def _votes(network: Any, group: Any, output: int, gates: Tensor, first: int, at: Inputs) -> Tensor:
    """``(B, E)``: what the heard experts of a group, from number `first` on, add to an output."""
    alone = network.tower.votes_on(output, filled(group(at), network.width), first)
    votes: Tensor = (alone.float() * gates)[:, gates != 0]
    return votes


def _stacked(
    network: Stacked,
    inputs: Inputs,
    graphs: Mapping[str, GraphBlock],
    shares: AtomShares,
    output: int,
) -> list[Piece]:
    """Gates do not read the molecule: a weighted sum, and what is added to it."""
    task = int(network.outputs.owner[output])
    weights = network.mixing_weights(inputs)[0, task].tolist()
    scale, bias = float(network.scale[output]), float(network.bias[output])
    found = []
    for weight, member in zip(weights, network.members, strict=True):
        if weight:
            pieces = pieces_of(member, inputs, graphs, shares, output)
            found += [piece.times(scale * weight) for piece in pieces]
    if not found:
        return [Piece("no expert", bias, bias, np.zeros(shares.n_atoms), 0.0)]
    first = found[0]
    found[0] = Piece(
        first.name, first.value + bias, first.reference + bias, first.atoms, first.whole
    )
    return found


def _read(network: Any, inputs: Inputs) -> list[str]:
    """Inputs that a network may read: all, but for those that it says."""
    if isinstance(network, FittedNetwork):
        return [name for name in inputs if name in network.inputs]
    groups = getattr(network, "groups", None) or []
    known = {name for group in groups for name in group.config.inputs}
    gate = getattr(network, "gate", None)
    if not known or getattr(gate, "reads_inputs", True):
        return [*inputs]
    return [name for name in inputs if name in known]


def _names(network: Any) -> list[str]:
    """Names of the experts of a mixture: kind, inputs, and a number where there are several."""
    found = []
    for group in network.groups:
        name = f"{group.config.kind} on {', '.join(group.config.inputs)}"
        n = int(group.config.n)
        found += [name] if n == 1 else [f"{name} {number + 1}" for number in range(n)]
    return found


def _name(network: Any) -> str:
    if isinstance(network, FittedNetwork):
        kind = str(network.config_class.model_fields["kind"].default)
        return f"{kind} on {', '.join(network.inputs)}"
    return "network"


def _renamed(piece: Piece, name: str) -> Piece:
    return Piece(name, piece.value, piece.reference, piece.atoms, piece.whole)
