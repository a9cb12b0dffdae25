"""Molecules that pieces are drawn from: those that no setting was chosen on, where enough."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

from benchmarks.custom_panels.pieces import FEWEST_HELD, SINGLES, Piece
from benchmarks.harness.assay_tables import ALL, REST, Table, tables
from benchmarks.harness.datasets import Rows, Source, in_order
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS
from bioassay_mtl.training.defaults import DESCRIPTORS, settled

HELD = 700
"""Molecules held out, at most; of whole tables a quarter, at most 2,500."""
HELD_OF_WHOLE = 2500
VALID_SHARE = 0.2
"""Of the rows brought, that settings of rivals are chosen on."""
SMALL_POOL = 3000
"""Molecules up to which features are made of all at once, for many draws."""
RARE = 0.05
"""Share of molecules active in some assay under which all of these are drawn."""
LEAST_SHARE = 0.03
"""Share of actives of a single assay: where they are rarer, inactives are left away."""
FEWEST_ACTIVES = 6
"""Among the rows held out; and among those that a user brings."""


@dataclass(frozen=True)
class DrawnPanel(Source):
    """A drawn panel, with all inputs that a contender may read, of all its rows."""

    inputs: Features = field(kw_only=True)

    @property
    def features(self) -> Features:
        """What this package reads where no option is given."""
        names = settled(None, self.panel.take(self.known))[0].fingerprints
        return Features({name: self.inputs.blocks[name] for name in names}, self.inputs.status)


@cache
def pool(name: str, tenths: range = REST) -> Table:
    """A table, some tenths of its molecules."""
    return tables[name](tenths)


def single_tables(names: Sequence[str] | None = None) -> dict[str, Table]:
    return {name: pool(name) for name in SINGLES if names is None or name in names}


def drawn(piece: Piece) -> DrawnPanel | None:
    """The panel of a piece; None where too few molecules, or outcomes, are left to judge on.

    Its molecules are those put aside for evidence where they are enough, else all of the table.
    """
    tenths = REST
    if piece.task is None:
        enough = piece.rows is not None and (
            len(pool(piece.table).smiles) >= piece.rows + FEWEST_HELD
        )
        tenths = REST if enough and piece.table != "muv" else ALL
    table = pool(piece.table, tenths)
    columns = [table.tasks.index(piece.task)] if piece.task else list(range(len(table.tasks)))
    cells = table.cells[:, columns]
    rng = np.random.default_rng([piece.draw, zlib.crc32(piece.name.encode())])
    order = candidates(cells, table.is_binary, rng)
    n_fit = piece.rows or round(0.75 * len(order))
    order = order[: n_fit + (HELD if piece.rows else HELD_OF_WHOLE)]
    if len(order) < n_fit + FEWEST_HELD:
        return None
    if len(table.smiles) <= SMALL_POOL:
        features = _all_features(piece.table, tenths).take(order)
    else:
        features = features_of(table.smiles[order])
    order, features = order[features.ok], features.take(np.flatnonzero(features.ok))
    groups = np.arange(len(order))
    if piece.split != "random":
        scaffolds = [MurckoScaffoldSmiles(text) or text for text in table.smiles[order]]
        groups = np.unique(scaffolds, return_inverse=True)[1]
    fit, held = deal(groups, n_fit, rng)
    renumbered = np.unique(groups[fit], return_inverse=True)[1]
    inner, valid = deal(renumbered, round((1 - VALID_SHARE) * len(fit)), rng)
    if table.is_binary and piece.task and not _judges(cells[order], fit, held):
        return None
    places = np.concatenate([fit[inner], fit[valid], held])
    which = "put aside" if tenths == REST else "of the whole table"
    about = f"molecules {which}, {len(fit):,} brought, {len(held):,} held out, {piece.split}"
    train, chosen_on, test = in_order([inner, valid, held])
    panel, inputs = table.panel(order[places], columns), features.take(places)
    return DrawnPanel(panel, train, chosen_on, test, about, inputs=inputs, name=piece.name)


def candidates(cells: NDArray[np.float64], is_binary: bool, rng: np.random.Generator) -> Rows:
    """Rows to draw from in the order of drawing; where actives are rare, they come first.

    Of a single assay inactives are left away then.
    """
    order = rng.permutation(len(cells))
    order = order[(~np.isnan(cells[order])).any(axis=1)]
    if not is_binary:
        return order
    active = (cells[order] == 1).any(axis=1)
    if cells.shape[1] > 1:
        return order[np.argsort(~active, kind="stable")] if active.mean() < RARE else order
    if active.mean() >= LEAST_SHARE:
        return order
    most = round(active.sum() / LEAST_SHARE)
    kept: Rows = order[active | (np.cumsum(~active) <= most)]
    return kept


def deal(groups: Rows, n_fit: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """At most ``n_fit`` places to learn from, and places held out, whole groups in either.

    A group larger than half of what is held out, or than what is still to be held out, is learned
    from: so nearly as many are brought as are asked for.
    """
    wanted = len(groups) - n_fit
    sizes = np.bincount(groups)
    held = np.zeros(len(groups), bool)
    for group in rng.permutation(len(sizes)):
        if held.sum() >= wanted:
            break
        most = min(wanted / 2, 1.05 * wanted - held.sum())
        if sizes[group] <= max(1, most):
            held |= groups == group
    return np.flatnonzero(~held)[:n_fit], np.flatnonzero(held)


def features_of(smiles: NDArray[np.str_]) -> Features:
    """All that some contender reads."""
    panel = Panel.from_arrays(smiles.tolist(), np.zeros(len(smiles), int), ["any"])
    inputs = {**DEFAULT_FINGERPRINTS, "descriptors": DESCRIPTORS}
    return panel_features(panel, Featurizer.from_config({"fingerprints": inputs}))


@cache
def _all_features(name: str, tenths: range) -> Features:
    return features_of(pool(name, tenths).smiles)


def _judges(cells: NDArray[np.float64], *parts: Rows) -> bool:
    counts = [np.bincount(cells[rows, 0].astype(int), minlength=2).min() for rows in parts]
    return bool(min(counts) >= FEWEST_ACTIVES)
