"""RDKit's descriptors through the featurizer: the same numbers, whatever the molecule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.Descriptors import descList

from bioassay_mtl.chem import parallel
from bioassay_mtl.chem.descriptors import DenseBlock, RDKitDescriptors
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint, fingerprint_from
from bioassay_mtl.chem.graphs import MolecularGraph
from bioassay_mtl.chem.parallel import featurize
from bioassay_mtl.chem.representation import encoder_of
from bioassay_mtl.errors import ConfigError, ModelFolderError

STRANGE = ["[Na+].[Cl-]", "[H][H]", "C", "*CC", "[U]", "[Fe+2].[cH-]1cccc1", "C" * 200, "[2H]C"]
SUBSET = RDKitDescriptors(names=("MolLogP", "Ipc", "fr_amide", "MaxPartialCharge", "SPS"))


def expected_of(smiles: str, names: tuple[str, ...]) -> list[float]:
    """RDKit's own functions, one after the other, each on a molecule of its own."""
    functions = dict(descList)
    return [value_of(functions[name], smiles) for name in names]


def value_of(function: Callable[[Chem.Mol], float], smiles: str) -> float:
    try:
        return float(function(Chem.MolFromSmiles(smiles)))
    except (ArithmeticError, TypeError, ValueError):
        return float("nan")


def test_values_are_those_of_rdkit(nci_smiles: list[str]) -> None:
    every = RDKitDescriptors()
    assert every.columns == tuple(name for name, _ in descList)
    smiles = [*nci_smiles[:25], *STRANGE]
    features = Featurizer({"descriptors": every})(smiles)
    assert features.ok.all()
    found = features.blocks["descriptors"]
    assert found.values.shape == (len(smiles), len(descList))
    largest = np.finfo(np.float32).max
    expected = np.array([expected_of(text, every.columns) for text in smiles])
    np.testing.assert_allclose(found.values, np.clip(expected, -largest, largest), rtol=1e-6)
    assert np.nanmax(found.values) == largest  # Ipc of a long chain
    assert np.isnan(found.values[len(nci_smiles[:25]) + 1]).any()


def test_rows_never_shift_and_unusable_ones_are_missing(nci_smiles: list[str]) -> None:
    bad = ["", "c1ccc", "C" * 501]
    smiles = [*bad, nci_smiles[0], *bad, nci_smiles[1]]
    features = Featurizer({"few": SUBSET})(smiles)
    assert features.ok.tolist() == [False] * 3 + [True] + [False] * 3 + [True]
    assert np.isnan(features.blocks["few"].values[~features.ok]).all()
    alone = Featurizer({"few": SUBSET})(nci_smiles[:2]).blocks["few"]
    np.testing.assert_array_equal(features.blocks["few"].values[features.ok], alone.values)


def test_other_inputs_are_what_they_are_without(nci_smiles: list[str]) -> None:
    others = {"graph": MolecularGraph(), "morgan": MorganFingerprint(counts=True)}
    for order in ({"d": RDKitDescriptors(), **others}, {**others, "d": RDKitDescriptors()}):
        together = Featurizer(order)(nci_smiles[:20])
        for name, representation in order.items():
            alone = Featurizer({name: representation})(nci_smiles[:20]).blocks[name]
            assert [*together.blocks[name].stable_bytes()] == [*alone.stable_bytes()]


def test_workers_return_the_same(nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "BATCH_SIZE", 30)
    featurizer = Featurizer({"few": SUBSET})
    smiles = [*nci_smiles[:80], "not a molecule"]
    expected, found = featurizer(smiles), featurize(smiles, featurizer, workers=2)
    np.testing.assert_array_equal(found.status, expected.status)
    np.testing.assert_array_equal(found.blocks["few"].values, expected.blocks["few"].values)


def test_settings_survive_a_round_trip() -> None:
    featurizer = Featurizer({"few": SUBSET, "all": RDKitDescriptors()})
    assert Featurizer.from_config(featurizer.config()) == featurizer
    assert featurizer.n_features == {"few": 5, "all": len(descList)}
    block = featurizer(["CCO"]).blocks["few"]
    assert SUBSET.holds(block)
    assert not RDKitDescriptors().holds(block)
    assert not SUBSET.holds(DenseBlock(block.values, standard=True))


def test_bad_names_are_told() -> None:
    for names, message in ((["MolWT"], "did you mean 'MolWt'"), (["TPSA", "TPSA"], "twice")):
        with pytest.raises(ConfigError, match=message):
            fingerprint_from({"kind": "rdkit_descriptors", "names": names})


def test_another_rdkit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    featurizer = Featurizer({"few": RDKitDescriptors(names=("MolWt", "TPSA"))})
    probe = featurizer.probe()
    featurizer.check_probe(probe)
    altered = [(n, (lambda mol, f=f: 1.001 * f(mol)) if n == "TPSA" else f) for n, f in descList]
    monkeypatch.setattr("rdkit.Chem.Descriptors.descList", altered)
    again = Featurizer({"few": RDKitDescriptors(names=("TPSA", "MolWt"))})
    encoder_of.cache_clear()
    try:
        with pytest.raises(ModelFolderError, match="computes other features"):
            featurizer.check_probe(probe, {"rdkit": "2020.3"})
        assert again.probe() != probe
    finally:
        encoder_of.cache_clear()
