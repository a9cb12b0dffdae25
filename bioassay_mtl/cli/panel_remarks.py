"""Remarks on a panel that a reader should know before a model learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bioassay_mtl.errors import counted

if TYPE_CHECKING:
    from bioassay_mtl.panels.load import Loaded
    from bioassay_mtl.panels.panel import Panel


def remarks(loaded: Loaded) -> Iterator[str]:
    """Lines about columns that are no assays, assays of one outcome, and repeated molecules."""
    import numpy as np

    from bioassay_mtl.panels.header import some
    from bioassay_mtl.tasks.measured import telling

    panel = loaded.panel
    yield from _left_out(loaded)
    yield from (note.text for note in loaded.log.notes)
    alone = [
        task for task, tells in zip(panel.tasks, telling(panel.cells), strict=True) if not tells
    ]
    if alone:
        yield f"one outcome alone, from which nothing can be learned: {some(alone)}"
    yield from _wide(loaded.panel)
    if (repeated := len(panel) - len(np.unique(panel.groups()))) > 0:
        yield (
            f"{counted(repeated, 'row repeats', 'rows repeat')} a molecule: "
            "--merge makes one row of each, `bioassay-mtl panel check` tells of contradictions"
        )


WIDE = 1.5
"""Decades of concentrations, from the 5th to the 95th of a hundred, that a mean says little of."""


def _wide(panel: Panel) -> Iterator[str]:
    """A line about concentrations that are better learned as pActivity."""
    import numpy as np

    from bioassay_mtl.panels.header import some
    from bioassay_mtl.tasks.units import MOLAR

    found = []
    for task, (name, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        values = panel.cells.of_task(task).values
        if getattr(kind, "unit", "") in MOLAR and len(values) and values.min() > 0:
            low, high = np.quantile(values, [0.05, 0.95])
            if np.log10(high / low) > WIDE:
                found.append(f"{name} over {np.log10(high / low):.1f} decades")
    if found:
        yield f"{some(found)}: --to-p learns the logarithm, of which all decades are part"


def _left_out(loaded: Loaded) -> Iterator[str]:
    """Columns that are no assays though they may look so, with the reason."""
    from bioassay_mtl.panels.decisions import Role
    from bioassay_mtl.panels.header import some

    others = [each for each in loaded.columns if each.role is Role.OTHER]
    shown = [f"{each.column or repr('')} ({each.reason})" for each in others if each.doubtful]
    if shown:
        yield f"no assays: {some(shown)}; --task NAME:KIND takes one"
