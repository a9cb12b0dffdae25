"""What is compared on: panels by table, assay, size, split and draw, and their molecules.

These are those that no setting was chosen on, where they are enough.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import zip_longest
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.harness.assay_tables import ALL, REST, Table, tables
from benchmarks.harness.datasets import Rows, Source, in_order
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS
from bioassay_mtl.training.defaults import DESCRIPTORS, settled

T = TypeVar("T")

SIZES = (300, 1000, 3000, 8000, None)
"""Rows that a user brings; None: three quarters of the table."""
SPLITS = ("scaffold", "random")
DRAWS = 5
MULTI = {
    "tox21": SIZES,
    "chembl100": SIZES,
    "muv": SIZES[1:],  # of 300 rows hardly one is active in an assay
    "toxcast": SIZES,
    "hiv": (None,),  # the other sizes are among the single assays
}
"""Panels of all assays of a table, and their sizes."""
SINGLES = {"tox21": 12, "toxcast": 9, "pcba": 9, "chembl": 5, "chembl_outcomes": 4, "hiv": 1}
"""Tables, and how many of their assays are taken singly."""
CROSS_VALIDATED = "5x5"
"""Split of a panel whose molecules are dealt in five folds, five times: each is held out once in
five draws."""
N_FOLDS = 5
CROSS_ROWS, CROSS_ASSAYS = 300, 2
"""Rows brought there, and assays of each table: those of most of the rarer outcome, of three."""
FEWEST_HELD = 150
HELD = 700
"""Molecules held out, at most; of whole tables a quarter, at most 2,500."""
HELD_OF_WHOLE = 2500
VALID_SHARE = 0.2
"""Of the rows brought, that settings of rivals are chosen on."""
RARE = 0.05
"""Share of molecules active in some assay under which all of these are drawn."""
LEAST_SHARE = 0.03
"""Share of actives of a single assay: where they are rarer, inactives are left away."""
FEWEST_ACTIVES = 6
"""Among the rows held out; and among those that a user brings."""


@dataclass(frozen=True)
class Piece:
    """One panel: of one assay, or of all of a table; rows brought, or three quarters of all.

    What is held out are ``scaffold`` or ``random`` molecules, or those of a fold of ``5x5``; draws
    count from 1 on.
    """

    table: str
    task: str | None
    rows: int | None
    split: str
    draw: int = 1

    @property
    def name(self) -> str:
        """In the results, beside the draw."""
        assay = () if self.task is None else (self.task.replace("/", "_"),)
        return "/".join([self.table, *assay, str(self.rows or "whole"), self.split])

    @property
    def group(self) -> tuple[str, str, str]:
        """What it is reported with: panel, rows, split."""
        if self.split == CROSS_VALIDATED and self.task is not None:
            return (f"{self.table} {self.task}", str(self.rows), self.split)
        kind = "values" if self.table in ("chembl", "chembl100") else "outcomes"
        panel = f"single assays, {kind}" if self.task is not None else self.table
        return (panel, str(self.rows or "whole"), self.split)


def single_pieces(tables: dict[str, Table]) -> Iterator[list[Piece]]:
    """For each assay its pieces of one draw: sizes and splits, the first one by turns."""
    by_table = [
        [(name, task, table) for task in table.evenly(SINGLES[name], SIZES[0] + FEWEST_HELD)]
        for name, table in tables.items()
    ]
    for number, (name, task, table) in enumerate(in_turn(by_table)):
        measured = int((~np.isnan(table.cells[:, table.tasks.index(task)])).sum())
        sizes = [n for n in SIZES if n is not None and n + FEWEST_HELD <= measured]
        found = [Piece(name, task, n, split) for n in sizes for split in SPLITS]
        shift = number % min(len(found), 4)
        yield found[shift:] + found[:shift]


def in_turn(lists: Iterable[list[T]]) -> list[T]:
    """First those that are first, then those that are second."""
    return [each for row in zip_longest(*lists) for each in row if each is not None]


def multi_pieces() -> Iterator[Piece]:
    """Of several assays, small ones first."""
    for rows in SIZES:
        for table, sizes in MULTI.items():
            if rows in sizes:
                yield from (Piece(table, None, rows, split) for split in SPLITS)


def cross_validated(tables: dict[str, Table]) -> Iterator[Piece]:
    """Panels of one assay, and Tox21: all folds of one, then those of another."""
    n = CROSS_ROWS
    by_table = [
        [Piece(name, task, n, CROSS_VALIDATED) for task in table.evenly(3, n)[-CROSS_ASSAYS:]]
        for name, table in tables.items()
    ]
    for piece in [*in_turn(by_table), Piece("tox21", None, n, CROSS_VALIDATED)]:
        yield from (replace(piece, draw=draw) for draw in range(1, N_FOLDS**2 + 1))


def ordered(singles: Iterable[list[Piece]], multi: Iterable[Piece]) -> list[Piece]:
    """All pieces of all draws: each assay once, then its other sizes, then panels of several."""
    once = [*in_turn(singles), *multi]
    return [replace(piece, draw=draw) for draw in range(1, DRAWS + 1) for piece in once]


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
    is_crossed = piece.split == CROSS_VALIDATED
    seed = 0 if is_crossed else piece.draw
    rng = np.random.default_rng([seed, zlib.crc32(piece.name.encode())])
    order = candidates(cells, table.is_binary, rng)
    n_fit = piece.rows or round(0.75 * len(order))
    n_held, fewest = (HELD if piece.rows else HELD_OF_WHOLE), FEWEST_HELD
    if is_crossed:
        n_held = fewest = n_fit // (N_FOLDS - 1)
    order = order[: n_fit + n_held]
    if len(order) < n_fit + fewest:
        return None
    features = features_of(table.smiles[order])
    order, features = order[features.ok], features.take(np.flatnonzero(features.ok))
    groups = np.arange(len(order))
    if piece.split == "scaffold":
        scaffolds = [MurckoScaffoldSmiles(text) or text for text in table.smiles[order]]
        groups = np.unique(scaffolds, return_inverse=True)[1]
    if is_crossed:
        fit, held = fold(cells[order], table.is_binary, piece.draw)
    else:
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


def fold(cells: NDArray[np.float64], is_binary: bool, draw: int) -> tuple[Rows, Rows]:
    """Places to learn from and those of a fold; outcomes of a single assay in equal shares.

    Draws 1 to 5 are the folds of a first deal, 6 to 10 those of a second.
    """
    repeat, number = divmod(draw - 1, N_FOLDS)
    is_stratified = is_binary and cells.shape[1] == 1
    dealer = (StratifiedKFold if is_stratified else KFold)(
        N_FOLDS, shuffle=True, random_state=repeat
    )
    strata = cells[:, 0] if is_stratified else None
    fit, held = list(dealer.split(cells, strata))[number]
    return fit, held


def features_of(smiles: NDArray[np.str_]) -> Features:
    """All that some contender reads."""
    panel = Panel.from_arrays(smiles.tolist(), np.zeros(len(smiles), int), ["any"])
    inputs = {**DEFAULT_FINGERPRINTS, "descriptors": DESCRIPTORS}
    return panel_features(panel, Featurizer.from_config({"fingerprints": inputs}))


def _judges(cells: NDArray[np.float64], *parts: Rows) -> bool:
    counts = [np.bincount(cells[rows, 0].astype(int), minlength=2).min() for rows in parts]
    return bool(min(counts) >= FEWEST_ACTIVES)
