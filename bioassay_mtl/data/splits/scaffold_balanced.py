"""Molecules by Bemis-Murcko scaffold: the balanced, seeded split."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.data.panel import Panel
from bioassay_mtl.data.splits.scaffold import scaffold_sets
from bioassay_mtl.data.splits.split import PARTS, Part, Rows, Split, SplitConfig, splitters


@splitters.register("scaffold_balanced")
def split_by_scaffold_balanced(panel: Panel, config: SplitConfig) -> Split:
    """Frequent scaffolds go to train, the others anywhere at random.

    A scaffold that would take more than half of valid or of test counts as frequent. Both kinds are
    shuffled, the frequent ones come first, and each goes to the first part that has room, else to
    the last part. Test molecules thus have new scaffolds, but not only the rarest ones.

    References
    ----------
    Yang et al., J. Chem. Inf. Model. 59 (2019) 3370 (chemprop's ``SCAFFOLD_BALANCED``).
    """
    n = len(panel)
    room = {part: fraction * n for part, fraction in zip(PARTS, config.fractions, strict=True)}
    used = [part for part in PARTS if room[part] > 0]
    limit = min((room[part] for part in used if part != "train"), default=n) / 2
    sets = scaffold_sets(panel)
    order = np.random.default_rng(config.seed).permutation(len(sets)).tolist()
    order.sort(key=lambda place: len(sets[place]) <= limit)

    parts: dict[Part, list[Rows]] = {"train": [], "valid": [], "test": []}
    for rows in (sets[place] for place in order):
        part = next((part for part in used if len(rows) <= room[part]), used[-1])
        parts[part].append(rows)
        room[part] -= len(rows)
    return Split.of_sets(parts, n)
