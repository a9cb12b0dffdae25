"""Trees by atom: exact Shapley values of their columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.chem.representation import DenseSize
from bioassay_mtl.explain.atoms import AtomShares
from bioassay_mtl.explain.pieces import Piece
from bioassay_mtl.explain.shapley import shapley_values
from bioassay_mtl.nn.architectures.trees import Forest, TreeNetwork
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.trees.links import forest_links
from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.nn.trees.rows import tree_columns, tree_rows

STEPS = 1024
"""Steps of the integral over a forest's link, from the mean training row to the molecule."""


def tree_piece(network: TreeNetwork, inputs: Inputs, shares: AtomShares, output: int) -> Piece:
    """Contribution of trees to an output, against their expected value over the training rows.

    A forest's probabilities become log-odds: the shares of columns in probabilities are multiplied
    by the mean slope of the log-odds between the expected value and that of the molecule.

    Parameters
    ----------
    network, inputs
        Trees, and what they read of one molecule.
    shares
        Atoms that share in the positions of tables.
    output
        Number of the output.
    """
    own = _outputs_beside(network, output)
    values = np.stack([_shapley(network, inputs, each) for each in own])
    bias = network.intercept.detach().double().numpy()[own]
    expected = torch.from_numpy(values[:, -1] + bias)
    reached = expected + torch.from_numpy(values[:, :-1].sum(axis=1))
    place = own.index(output)
    slopes, low, high = _slopes(network, output, expected, reached, place)
    columns = (slopes[:, None] * values[:, :-1]).sum(axis=0)
    scale, shift = (
        float(each.detach()[output]) for each in (network.tower.weight, network.tower.bias)
    )
    piece = _of_columns(network, inputs, shares, columns)
    made = Piece("", high, low, *piece).balanced().times(scale)
    return Piece("trees", made.value + shift, made.reference + shift, made.atoms, made.whole)


def _outputs_beside(network: TreeNetwork, output: int) -> list[int]:
    """Outputs that decide one: of a forest, all of its task."""
    if not isinstance(network, Forest):
        return [output]
    owner = network.outputs.owner
    return torch.nonzero(owner == owner[output]).flatten().tolist()


def _shapley(network: TreeNetwork, inputs: Inputs, output: int) -> NDArray[np.float64]:
    """``(F + 1,)`` of the trees of one output, the expected value last."""
    rows = tree_rows(inputs, network.sizes, network.inputs)
    values = np.full(network.n_columns, np.nan, np.float32)
    values[rows.indices] = rows.data
    trees = _of_output(network.trees, output)
    found, expected = shapley_values(trees, values, network.n_columns)
    return np.append(found, expected)


def _of_output(trees: Trees, output: int) -> Trees:
    """Trees that add to an output, as those of an only one."""
    parts = [
        Trees(
            trees.nodes[trees.starts[k] : trees.starts[k + 1]],
            np.array([0, trees.starts[k + 1] - trees.starts[k]], np.int64),
            np.zeros(1, np.int32),
        )
        for k in np.flatnonzero(trees.output == output).tolist()
    ]
    return Trees.joined(parts)


def _slopes(
    network: TreeNetwork, output: int, low: Tensor, high: Tensor, place: int
) -> tuple[NDArray[np.float64], float, float]:
    """Mean slopes ``(k,)`` of an output by the sums of trees, and the output at both ends."""
    if not isinstance(network, Forest):
        return np.ones(1), float(low[0]), float(high[0])
    kind = network.outputs.kinds[int(network.outputs.owner[output])].kind
    link = forest_links[kind].to_outputs
    at = (torch.arange(STEPS, dtype=torch.float64) + 0.5) / STEPS
    with torch.enable_grad():
        path = (low + at[:, None] * (high - low)).requires_grad_()
        (gradient,) = torch.autograd.grad(link(path)[:, place].double().sum(), path)
    ends = [float(link(end[None])[0, place]) for end in (low, high)]
    found: NDArray[np.float64] = gradient.mean(dim=0).numpy()
    return found, ends[0], ends[1]


def _of_columns(
    network: Any, inputs: Inputs, shares: AtomShares, columns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Amounts of columns as those of atoms, and of the whole molecule.

    An absent substructure counts too: it is what the whole molecule lacks.
    """
    atoms, whole, start = np.zeros(shares.n_atoms), 0.0, 0
    for name, width in tree_columns(network.sizes, network.inputs).items():
        own = columns[start : start + width]
        start += width
        if isinstance(network.sizes[name], DenseSize):
            whole += float(own.sum())
            continue
        positions = np.flatnonzero(own)
        more, other = shares.split(name, positions, own[positions])
        atoms, whole = atoms + more, whole + other
    return atoms, whole
