"""Molecules that RDKit does not come back from end no panel, split or look at what is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.panels.duplicates import group_by_structure
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.splits import split
from tests.hard import hypercube

HARD = hypercube(8)
SMILES = ["CCO", HARD, "c1ccccc1O", "OCC", "CCN", "c1ccccc1N", "CCCl", "CCBr"]


def test_duplicates_are_found_beside_them() -> None:
    assert group_by_structure([*SMILES, HARD]).tolist() == [0, 1, 2, 0, 3, 4, 5, 6, 7]


@pytest.mark.soak
def test_a_scaffold_split_leaves_them_alone() -> None:
    panel = Panel.from_arrays(SMILES, [1, 0] * 4, ["any"])
    parts = split(panel, kind="scaffold", fractions=(0.5, 0.25, 0.25))
    rows = np.concatenate([parts.train, parts.valid, parts.test])
    assert sorted(rows.tolist()) == [*range(8)]


@pytest.mark.soak
@pytest.mark.parametrize("standardize", [False, True])
def test_a_panel_leaves_them_out(tmp_path: Path, standardize: bool) -> None:
    table = tmp_path / "panel.csv"
    table.write_text("smiles,a\n" + "".join(f"{text},{i % 2}\n" for i, text in enumerate(SMILES)))
    schema = PanelSchema.of({"standardize": standardize})
    loaded = load_panel([table], schema, clean=True)
    assert HARD not in (loaded.panel.structures or [])
    assert len(loaded.panel) == len(SMILES) - 1
    assert loaded.log.counts()[Outcome.INVALID_STRUCTURE] == 1


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.soak), 2])
@pytest.mark.soak
def test_training_molecules_are_found_beside_them(workers: int) -> None:
    known = TrainingMolecules.of(["CCO", HARD, "c1ccccc1[O-].[Na+]"])
    assert (len(known), known.unidentified) == (2, 1)
    featurizer = Featurizer({"morgan": MorganFingerprint(n_bits=64)}, training=known)
    texts = [*SMILES, *["CCCC"] * 1100]  # two batches
    found = featurize(texts, featurizer, workers=workers)
    assert np.flatnonzero(~found.ok).tolist() == [1]
    assert found.in_training is not None
    assert np.flatnonzero(found.in_training).tolist() == [0, 2, 3]
    assert known.hold(SMILES).tolist() == found.in_training[:8].tolist()
