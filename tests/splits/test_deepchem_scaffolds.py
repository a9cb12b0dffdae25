"""The greedy scaffold split is DeepChem's."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import split
from tests.needs import installed

# In a process of its own: DeepChem warns of all that is not installed beside it.
SCRIPT = """
import json, sys
import deepchem, numpy
smiles = json.load(sys.stdin)
data = deepchem.data.NumpyDataset(numpy.zeros((len(smiles), 1)), ids=smiles)
parts = deepchem.splits.ScaffoldSplitter().split(data, 0.7, 0.2, 0.1)
print(json.dumps([sorted(map(int, part)) for part in parts]))
"""


@pytest.mark.soak
def test_the_parts_are_deepchems(nci_panel: Panel) -> None:
    installed("deepchem", "deepchem")
    firsts = np.unique(nci_panel.groups(), return_index=True)[1]
    smiles = nci_panel.structures or []
    panel = nci_panel.take([i for i in firsts if Chem.MolFromSmiles(smiles[i]) is not None])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps(panel.structures),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = json.loads(done.stdout.splitlines()[-1])
    result = split(panel, kind="scaffold", fractions=(0.7, 0.2, 0.1))
    assert [part.tolist() for part in (result.train, result.valid, result.test)] == expected
