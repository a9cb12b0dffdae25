"""A model knows the molecules it was trained on, and keeps them in its folder."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy as st

from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.models.folder import _digest
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.training_molecules import MOLECULES
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, split
from bioassay_mtl.training import train
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.ensemble import train_ensemble
from tests.training.conftest import small_config


@pytest.fixture(scope="module")
def panel(small_panel: Panel) -> Panel:
    """Eighty molecules, none twice, one of them unreadable."""
    rows = np.unique(small_panel.groups(), return_index=True)[1][:80]
    return small_panel.take(rows)


@pytest.fixture(scope="module")
def parts(panel: Panel) -> Split:
    return split(panel, kind="random", seed=1)


@pytest.fixture(scope="module")
def model(panel: Panel, parts: Split) -> Model:
    return train(panel, small_config(epochs=1), parts=parts)


def smiles(panel: Panel, rows: np.ndarray) -> list[str]:
    return panel.take(rows).structures or []


def test_rows_that_trained_it_and_chose_its_epoch_are_known(
    model: Model, panel: Panel, parts: Split
) -> None:
    assert model.training_molecules is not None
    for rows in (parts.train, parts.valid):
        readable = model.featurize(smiles(panel, rows)).ok
        np.testing.assert_array_equal(model.in_training(smiles(panel, rows)), readable)
    held_out = smiles(panel, parts.test)
    expected = TrainingMolecules.of(smiles(panel, np.r_[parts.train, parts.valid])).hold(held_out)
    np.testing.assert_array_equal(model.in_training(held_out), expected)
    assert expected.mean() < 0.5


def test_the_folder_keeps_eight_bytes_a_molecule(model: Model, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "model")
    held = st.load_file(folder / MOLECULES)["identities"]
    assert model.training_molecules is not None
    np.testing.assert_array_equal(held, model.training_molecules.identities)
    assert held.nbytes == 8 * len(model.training_molecules)
    loaded = Model.load(folder).training_molecules
    assert loaded is not None
    assert loaded.unidentified == model.training_molecules.unidentified
    np.testing.assert_array_equal(loaded.identities, held)
    again = Model.load(folder).save(tmp_path / "again")
    assert (again / MOLECULES).read_bytes() == (folder / MOLECULES).read_bytes()


def rewrite(folder: Path, content: bytes | None, **changes: object) -> None:
    """Another file of identities, or none, with hashes that fit."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    if content is None:
        (folder / MOLECULES).unlink()
        del config["sha256"][MOLECULES], config["training_molecules"]
    else:
        (folder / MOLECULES).write_bytes(content)
        config["sha256"][MOLECULES] = hashlib.sha256(content).hexdigest()
    config["sha256"]["config.json"] = _digest(config)
    path.write_text(json.dumps(config))


def test_folders_of_before_load_and_know_nothing(model: Model, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "model")
    rewrite(folder, None)
    loaded = Model.load(folder)
    assert loaded.training_molecules is None
    with pytest.raises(ConfigError, match="does not know its training molecules"):
        loaded.in_training(["CCO"])
    assert loaded.predict(["CCO", "CCN"]).equals(model.predict(["CCO", "CCN"]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 100,
        st.save({"other": np.arange(3, dtype=np.uint64)}),
        st.save({"identities": np.arange(3, dtype=np.int64)}),
        st.save({"identities": np.array([3, 2], dtype=np.uint64)}),
        st.save({"identities": np.array([2, 2], dtype=np.uint64)}),
        st.save({"identities": np.zeros((1, 1), dtype=np.uint64)}),
    ],
)
def test_odd_files_are_refused(model: Model, tmp_path: Path, content: bytes) -> None:
    folder = model.save(tmp_path / "model")
    rewrite(folder, content)
    with pytest.raises(ModelFolderError, match="identities"):
        Model.load(folder)


def test_altered_and_missing_files_are_refused(model: Model, tmp_path: Path) -> None:
    folder = model.save(tmp_path / "model")
    with (folder / MOLECULES).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelFolderError, match="altered"):
        Model.load(folder)
    (folder / MOLECULES).unlink()
    with pytest.raises(ModelFolderError, match="missing"):
        Model.load(folder)


def test_another_rdkit_that_writes_molecules_otherwise_marks_none(
    model: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = model.save(tmp_path / "model")
    content = (folder / MOLECULES).read_bytes()
    versions = {"rdkit": "2020.03.1"}
    rewrite(folder, content, featurizer_versions=versions)
    assert Model.load(folder).training_molecules is not None
    record = {"unidentified": 0, "probe": "00"}
    rewrite(folder, content, featurizer_versions=versions, training_molecules=record)
    with caplog.at_level(logging.WARNING):
        assert Model.load(folder).training_molecules is None
    assert "training molecules are not marked" in caplog.text


def test_joined_models_know_the_molecules_of_all(panel: Panel, parts: Split) -> None:
    ensemble = train_ensemble(panel, small_config(epochs=1), 2, parts=parts)
    held = ensemble.in_training(smiles(panel, parts.train))
    assert held.mean() > 0.95
    folds = cross_validate(panel, small_config(epochs=1, split={"kind": "random"}), 3)
    np.testing.assert_array_equal(
        folds.model.in_training(panel.structures or []), folds.features.ok
    )
    unknown = train(panel, small_config(epochs=1), parts=parts)
    unknown.training_molecules = None
    assert join([ensemble, unknown]).training_molecules is None


def test_features_without_structures_are_not_identified(panel: Panel, parts: Split) -> None:
    blocks = train(panel, small_config(epochs=1), parts=parts).featurize(panel.structures or [])
    ok = np.flatnonzero(blocks.ok)
    bare = Panel(
        None, blocks.take(ok).blocks, panel.labels[ok], panel.tasks, [panel.ids[i] for i in ok]
    )
    assert train(bare, small_config(epochs=1)).training_molecules is None


def test_a_run_that_goes_on_knows_the_molecules_of_both(panel: Panel) -> None:
    def rows(start: int) -> Split:
        none = np.zeros(0, np.int64)
        return Split(np.arange(start, start + 20), none, none, len(panel))

    first = train(panel, small_config(epochs=1), parts=rows(0))
    second = train(panel, small_config(epochs=1), parts=rows(20), start=first)
    asked = smiles(panel, np.arange(40))
    readable = first.featurize(asked).ok
    np.testing.assert_array_equal(second.in_training(asked), readable)
    assert first.in_training(asked)[20:].mean() < 0.2
    first.training_molecules = None
    assert (
        train(panel, small_config(epochs=1), parts=rows(20), start=first).training_molecules is None
    )


def test_the_card_says_what_is_marked_and_not_seen(model: Model) -> None:
    assert "in_training" in model.card
    assert "Blind to stereochemistry" in model.card
    assert "Charges and counter-ions matter" in model.card
