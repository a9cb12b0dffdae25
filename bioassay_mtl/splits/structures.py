"""The structures that a split looks at."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.molecule import without_labels
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.split import Rows


def distinct_structures(panel: Panel, wanted: str) -> tuple[Rows, list[str]]:
    """First row and SMILES of each molecule (:meth:`Panel.groups`), in the order of the groups.

    SMILES are without atom maps and isotopes, so that these decide nothing.

    Parameters
    ----------
    panel
        The panel.
    wanted
        Task that needs a structure, for the message.

    Raises
    ------
    InputError
        If a row has features but no SMILES.
    """
    if panel.structures is None or (panel.features and not panel.has_structure.all()):
        raise InputError(
            f"{wanted} needs a structure, and {np.count_nonzero(~panel.has_structure)} of "
            f"{len(panel)} rows have none",
            hint="split panel.take(panel.has_structure)",
        )
    rows = np.unique(panel.groups(), return_index=True)[1]
    texts = [panel.structures[row] for row in rows.tolist()]
    plain = each(without_labels, texts)
    return rows, [
        text if isinstance(new, Status) else new for text, new in zip(texts, plain, strict=True)
    ]
