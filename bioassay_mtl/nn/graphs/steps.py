"""How environments grow from layer to layer, for each way of passing messages."""

from __future__ import annotations

from typing import NamedTuple

import torch

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
    heard: Incidence


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
    owner = torch.repeat_interleave(graph.molecules.counts)
    wholes: list[WholeStep | None] = []
    steps = []
    for number in range(depth):
        whole = None
        if virtual_node and number:
            molecule = gathered(graph.molecules, atoms.hashes)
            before, atoms = atoms, Environments.by(hashed(atoms.hashes, molecule[owner]))
            whole = WholeStep(
                before.around(graph.molecules, everyone),
                before.at(atoms.first),
                Incidence(owner[atoms.first], len(graph)),
            )
        wholes.append(whole)
        edges = Environments.by(hashed(atoms.hashes[source], bonds.hashes))
        before, atoms = (
            atoms,
            Environments.by(hashed(atoms.hashes, gathered(incoming, edges.hashes))),
        )
        steps.append(_atom_step(before, bonds, edges, atoms, graph))
    return wholes, steps, atoms.which


def gated_steps(graph: GraphInput, depth: int) -> tuple[list[AtomStep], Incidence]:
    """Edges change too, by what they were and the atoms at both ends.

    Returns
    -------
    A step of each layer, and the environments of all atoms at the end ``(N, K)``.
    """
    atoms, edges = graph.atoms.environments, graph.edges.environments
    source, target = graph.source.columns, graph.target.columns
    steps = []
    for _ in range(depth):
        edges_before, edges = (
            edges,
            Environments.by(hashed(edges.hashes, atoms.hashes[source], atoms.hashes[target])),
        )
        before, atoms = (
            atoms,
            Environments.by(hashed(atoms.hashes, gathered(graph.incoming, edges.hashes))),
        )
        steps.append(_atom_step(before, edges_before, edges, atoms, graph))
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
    start = edges = Environments.by(hashed(atoms.hashes[source], bonds.hashes))
    steps = []
    for _ in range(depth - 1):
        into = gathered(incoming, edges.hashes)[source] - edges.hashes[reverse]
        before, edges = edges, Environments.by(hashed(start.hashes, into))
        first = edges.first
        steps.append(
            EdgeStep(start.at(first), before.around(incoming, source[first], but=reverse[first]))
        )
    last = Environments.by(hashed(atoms.hashes, gathered(incoming, edges.hashes)))
    steps.append(EdgeStep(atoms.at(last.first), edges.around(incoming, last.first)))
    begin = atoms.at(source[start.first]), bonds.at(start.first)
    return begin, steps, last.which


def _atom_step(
    atoms_before: Environments,
    edges_before: Environments,
    edges: Environments,
    atoms: Environments,
    graph: GraphInput,
) -> AtomStep:
    return AtomStep(
        atoms_before.at(atoms.first),
        edges_before.at(edges.first),
        atoms_before.at(graph.source.columns[edges.first]),
        atoms_before.at(graph.target.columns[edges.first]),
        edges.around(graph.incoming, atoms.first),
    )
