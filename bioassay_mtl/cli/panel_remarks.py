"""What a reader of a panel should know before a model learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bioassay_mtl.errors import counted

if TYPE_CHECKING:
    from bioassay_mtl.panels.load import Loaded


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
        yield f"one outcome alone, from which nothing can be learnt: {some(alone)}"
    if (copies := len(panel) - len(np.unique(panel.groups()))) > 0:
        yield (
            f"{counted(copies, 'row repeats', 'rows repeat')} a molecule: "
            "--merge makes one row of each, `bioassay-mtl panel check` tells of contradictions"
        )


def _left_out(loaded: Loaded) -> Iterator[str]:
    """Columns that are no assays though they may look so, with the reason."""
    from bioassay_mtl.panels.decisions import Role
    from bioassay_mtl.panels.header import some

    others = [each for each in loaded.columns if each.role is Role.OTHER]
    shown = [f"{each.column or repr('')} ({each.reason})" for each in others if each.doubtful]
    if shown:
        yield f"no assays: {some(shown)}; --task NAME:KIND takes one"
