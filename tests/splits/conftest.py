"""A panel of real molecules, some of them drawn twice."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.panels import Panel


@pytest.fixture(scope="session")
def nci_panel(nci_smiles: list[str]) -> Panel:
    """500 NCI molecules, 20 of them again in other words, and two that do not parse."""
    from rdkit import Chem

    some = nci_smiles[:500]
    rewritten = [
        Chem.MolToSmiles(molecule, canonical=False, doRandom=True)
        for smiles in some[100:140]
        if (molecule := Chem.MolFromSmiles(smiles)) is not None
    ][:20]
    structures = [*some, *rewritten, "not a molecule", "not a molecule"]
    labels = np.random.default_rng(0).integers(-1, 2, size=(len(structures), 3))
    return Panel.from_arrays(structures, labels, ["a", "b", "c"])
