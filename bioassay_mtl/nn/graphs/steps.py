"""Growth of environments from layer to layer, for each way of passing messages."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from bioassay_mtl.nn.graphs.environments import Environments, gathered, hashed
from bioassay_mtl.nn.graphs.incidence import Incidence
from bioassay_mtl.nn.graphs.input import GraphInput


class AtomStep(NamedTuple):
    """A layer from K' environments of atoms and Q' of edges to K and Q.

    Attributes
    ----------
    own
        ``(K, K')``: the atom itself, before.
    own_edge
        ``(Q, Q')``: the edge itself, before.
    source, target
        ``(Q, K')``: the atoms at the ends of the edge, before.
    incoming
        ``(K, Q)``: the edges that end at the atom.
    """

    own: Incidence
    own_edge: Incidence
    source: Incidence
    target: Incidence
    incoming: Incidence


class WholeStep(NamedTuple):
    """A virtual node hears K' environments of atoms and tells K.

    Attributes
    ----------
    molecules
        ``(B, K')``: the atoms of each molecule.
    own
        ``(K, K')``: the atom itself, before.
    owner
        ``(K, B)``: the molecule of the atom.
    """

    molecules: Incidence
    own: Incidence
    owner: Incidence


class Others(NamedTuple):
    """Sums over all edges that end where an edge begins, less its reverse.

    Attributes
    ----------
    into
        ``(N, K)``: the edges that end at each atom.
    source
        ``(K, N)``: where each edge begins.
    reverse
        ``(K, K)``: its reverse.
    """

    into: Incidence
    source: Incidence
    reverse: Incidence

    def __matmul__(self, x: Tensor) -> Tensor:
        """``(K, ...) -> (K, ...)``."""
        return self.source @ (self.into @ x) - self.reverse @ x


class EdgeStep(NamedTuple):
    """A layer of directed messages, from K' environments of edges to K.

    Attributes
    ----------
    start
        ``(K, any)``: what is added, of the edge (or in the last step, of the atom) itself.
    heard
        ``(K, K')``: the edges that end where the edge begins, but for its reverse (or at the atom).
    """

    start: Incidence
    heard: Incidence | Others


def message_steps(
    graph: GraphInput, depth: int, virtual_node: bool
) -> tuple[list[WholeStep | None], list[AtomStep], Incidence]:
    """Messages ``f(x_u, e_uv)`` that atoms sum, and before each layer but the first a virtual node.

    Returns
    -------
    A step before each layer, one of each, and the environments of all atoms at the end ``(N, K)``.
    """
    atoms, bonds = graph.atoms.environments, graph.edges.environments
    source, incoming = graph.source.columns, graph.incoming
    everyone = torch.arange(len(graph), device=source.device)
    n_atoms = len(graph.molecules.columns)
    owner = torch.repeat_interleave(graph.molecules.counts, output_size=n_atoms)
    wholes: list[WholeStep | None] = []
    steps: list[AtomStep] = []
    for number in range(depth):
        whole = None
        if virtual_node and number:
            before, atoms = atoms, atoms.grown(partial(_in_whole, atoms, graph, owner))
            whole = WholeStep(
                graph.molecules.widened(len(graph), len(before))
                if before.is_each
                else before.around(graph.molecules, everyone),
                before.at(atoms.first),
                Incidence(owner[atoms.first], len(graph)),
            )
        wholes.append(whole)
        edges = bonds.grown(partial(_at_source, atoms, bonds, source))
        before, atoms = atoms, atoms.grown(partial(_hearing, atoms, edges, incoming))
        steps.append(_atom_step(before, bonds, edges, atoms, graph, steps))
    return wholes, steps, atoms.which


def gated_steps(graph: GraphInput, depth: int) -> tuple[list[AtomStep], Incidence]:
    """Edges change too, by what they were and the atoms at both ends.

    Returns
    -------
    A step of each layer, and the environments of all atoms at the end ``(N, K)``.
    """
    atoms, edges = graph.atoms.environments, graph.edges.environments
    source, target = graph.source.columns, graph.target.columns
    steps: list[AtomStep] = []
    for _ in range(depth):
        edges_before, edges = edges, edges.grown(partial(_at_ends, atoms, edges, source, target))
        before, atoms = atoms, atoms.grown(partial(_hearing, atoms, edges, graph.incoming))
        steps.append(_atom_step(before, edges_before, edges, atoms, graph, steps))
    return steps, atoms.which


def directed_steps(
    graph: GraphInput, depth: int
) -> tuple[tuple[Incidence, Incidence], list[EdgeStep], Incidence]:
    """Edges hear those before them, ``depth - 1`` times, and at last atoms hear edges.

    Returns
    -------
    The atoms and bonds that edges begin with, the steps (the last is to atoms), and the
    environments of all atoms at the end ``(N, K)``.
    """
    atoms, bonds = graph.atoms.environments, graph.edges.environments
    source, incoming = graph.source.columns, graph.incoming
    reverse = torch.arange(len(source), device=source.device) ^ 1
    start = edges = bonds.grown(partial(_at_source, atoms, bonds, source))
    steps = []
    for _ in range(depth - 1):
        before = edges
        edges = edges.grown(partial(_from_others, start, edges, incoming, source, reverse))
        first = edges.first
        heard: Incidence | Others
        if before.is_each:
            heard = Others(
                incoming.widened(len(atoms.of), len(before)),
                Incidence(source[first], len(atoms.of)),
                Incidence(reverse[first], len(before)),
            )
        else:
            heard = before.around(incoming, source[first], but=reverse[first])
        steps.append(EdgeStep(start.at(first), heard))
    last = atoms.grown(partial(_hearing, atoms, edges, incoming))
    steps.append(EdgeStep(atoms.at(last.first), _into(last, edges, incoming)))
    begin = atoms.at(source[start.first]), bonds.at(start.first)
    return begin, steps, last.which


def _at_source(atoms: Environments, bonds: Environments, source: Tensor) -> Tensor:
    return hashed(atoms.hashes[source], bonds.hashes)


def _at_ends(atoms: Environments, edges: Environments, source: Tensor, target: Tensor) -> Tensor:
    return hashed(edges.hashes, atoms.hashes[source], atoms.hashes[target])


def _hearing(atoms: Environments, edges: Environments, incoming: Incidence) -> Tensor:
    return hashed(atoms.hashes, gathered(incoming, edges.hashes))


def _in_whole(atoms: Environments, graph: GraphInput, owner: Tensor) -> Tensor:
    return hashed(atoms.hashes, gathered(graph.molecules, atoms.hashes)[owner])


def _from_others(
    start: Environments, edges: Environments, incoming: Incidence, source: Tensor, reverse: Tensor
) -> Tensor:
    into = gathered(incoming, edges.hashes)[source] - edges.hashes[reverse]
    return hashed(start.hashes, into)


def _into(atoms: Environments, edges: Environments, incoming: Incidence) -> Incidence:
    """``(K, Q)``: the edges that end at the atoms."""
    if atoms.is_each and edges.is_each:
        return incoming.widened(len(atoms), len(edges))
    return edges.around(incoming, atoms.first)


def _atom_step(
    atoms_before: Environments,
    edges_before: Environments,
    edges: Environments,
    atoms: Environments,
    graph: GraphInput,
    earlier: list[AtomStep],
) -> AtomStep:
    if earlier and atoms is atoms_before and edges is edges_before:
        return earlier[-1]
    return AtomStep(
        atoms_before.at(atoms.first),
        edges_before.at(edges.first),
        atoms_before.at(graph.source.columns[edges.first]),
        atoms_before.at(graph.target.columns[edges.first]),
        _into(atoms, edges, graph.incoming),
    )
