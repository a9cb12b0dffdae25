"""Our fingerprints in DeepChem's hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from bioassay_mtl.errors import ConfigError

SMILES = ["CCO", "c1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1"]


def test_a_fingerprint_is_rdkits(dc: Any) -> None:
    from bioassay_mtl.adapters.deepchem import BioassayFeaturizer

    featurizer = BioassayFeaturizer("morgan", n_bits=512, counts=True)
    assert isinstance(featurizer, dc.feat.Featurizer)
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=512)
    expected = [generator.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(text)) for text in SMILES]
    np.testing.assert_array_equal(featurizer(SMILES), expected)
    np.testing.assert_array_equal(featurizer([Chem.MolFromSmiles(SMILES[1])]), expected[1:2])


def test_a_loader_leaves_out_what_cannot_be_used(dc: Any, tmp_path: Path) -> None:
    from bioassay_mtl.adapters.deepchem import BioassayFeaturizer

    table = tmp_path / "table.csv"
    rows = [f"{text},1" for text in (SMILES[0], "not a molecule", *SMILES[1:])]
    table.write_text("\n".join(["smiles,assay", *rows]) + "\n")
    featurizer = BioassayFeaturizer("rdkit_descriptors", names=("MolWt", "TPSA"))
    loader = dc.data.CSVLoader(["assay"], feature_field="smiles", featurizer=featurizer)
    dataset = loader.create_dataset(str(table), data_dir=str(tmp_path / "data"))
    assert dataset.ids.tolist() == SMILES
    np.testing.assert_allclose(dataset.X[0], [46.069, 20.23], rtol=1e-4)


def test_what_makes_no_array_is_refused(dc: Any) -> None:
    from bioassay_mtl.adapters.deepchem import BioassayFeaturizer

    for kind, settings in (("graph", {}), ("dense", {"n_columns": 3})):
        with pytest.raises(ConfigError, match=f"'{kind}' makes no array"):
            BioassayFeaturizer(kind, **settings)
