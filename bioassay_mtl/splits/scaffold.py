"""Molecules by Bemis-Murcko scaffold: the classic greedy split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.status import Status
from bioassay_mtl.panels.duplicates import number
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import Deal, deal_groups, dealers, evenly
from bioassay_mtl.splits.split import Rows, Split, SplitConfig, Subset, splitters
from bioassay_mtl.splits.structures import distinct_structures


@splitters.register("scaffold")
def split_by_scaffold(panel: Panel, config: SplitConfig) -> Split:
    """Fill train, then valid, then test with whole scaffolds, the most frequent first.

    Test molecules thus have rare scaffolds that training never saw. Ties in frequency are broken by
    the later first row, as DeepChem's ``ScaffoldSplitter`` and OGB do. Nothing is random.

    References
    ----------
    Bemis and Murcko, J. Med. Chem. 39 (1996) 2887; Wu et al., MoleculeNet, Chem. Sci. 9 (2018) 513.
    """
    n = len(panel)
    sets = sorted(scaffold_sets(panel), key=lambda rows: (len(rows), rows[0]), reverse=True)
    train, valid, test = config.fractions
    train_end, valid_end = train * n, (train + valid) * n if test else n
    parts: dict[Subset, list[Rows]] = {"train": [], "valid": [], "test": []}
    n_train = n_valid = 0
    for rows in sets:
        if n_train + len(rows) <= train_end:
            parts["train"].append(rows)
            n_train += len(rows)
        elif n_train + n_valid + len(rows) <= valid_end:
            parts["valid"].append(rows)
            n_valid += len(rows)
        else:
            parts["test"].append(rows)
    return Split.of_sets(parts, n)


def scaffold_sets(panel: Panel) -> list[Rows]:
    """Ascending rows of each scaffold, in order of first appearance."""
    scaffolds = murcko_scaffolds(panel)
    order = np.argsort(scaffolds, kind="stable")
    return np.split(order, np.cumsum(np.bincount(scaffolds))[:-1]) if len(order) else []


def murcko_scaffolds(panel: Panel) -> NDArray[np.int64]:
    """Number of each row's Bemis-Murcko scaffold, without chirality, ``(n,) int64``.

    All molecules without a ring share one scaffold. A SMILES that cannot be used is alone.

    Raises
    ------
    InputError
        If a row has features but no SMILES: its scaffold cannot be known.
    """
    from bioassay_mtl.chem.isolation import each

    rows, structures = distinct_structures(panel, "a scaffold")
    keys: list[str | int] = [
        row if isinstance(scaffold, Status) else scaffold
        for row, scaffold in zip(rows.tolist(), each(murcko_scaffold, structures), strict=True)
    ]
    # One scaffold per molecule, so that its duplicates agree however they are written.
    return number(keys)[panel.groups()]


def murcko_scaffold(structure: str) -> str | Status:
    """SMILES of a molecule's Bemis-Murcko scaffold; why there is none."""
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles
    from rdkit.rdBase import BlockLogs

    from bioassay_mtl.chem.molecule import parse_smiles

    with BlockLogs():
        molecule = parse_smiles(structure)
        if isinstance(molecule, Status):
            return molecule
        return str(MurckoScaffoldSmiles(mol=molecule))


@dealers.register("scaffold")
def scaffold_dealer(panel: Panel, config: SplitConfig) -> Deal:
    """Whole scaffolds, shuffled, the largest first to the fold with most room."""
    return deal_groups(murcko_scaffolds(panel), evenly)
