"""Models that are kept: checkpoints, copies, and what another model brings."""

from __future__ import annotations

import copy
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import bioassay_mtl as bm
from bioassay_mtl.errors import ConfigError, ModelFolderError
from tests.adapters.deepchem.conftest import N_BITS, SMALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

KINDS = ("AdamW", "Adam", "RMSProp", "AdaGrad")


@pytest.fixture
def fitted(ours: Any, dataset: Any) -> Any:
    model = ours(3, N_BITS, **SMALL)
    model.fit(dataset, nb_epoch=2)
    return model


def test_no_checkpoint_is_a_value_error_too(ours: Any) -> None:
    with pytest.raises(ValueError, match="no checkpoint found in"):
        ours(3, N_BITS).restore()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.cases(2)
def test_a_restored_model_goes_on_as_if_nothing_had_been(
    dc: Any, ours: Any, dataset: Any, kind: str
) -> None:
    settings = {"balance": "uncertainty", **SMALL}
    if kind != "AdamW":
        settings["optimizer"] = getattr(dc.models.optimizers, kind)(0.01)
    model = ours(3, N_BITS, **settings)
    model.fit(dataset, nb_epoch=2)
    model.fit_on_batch(dataset.X[:50], dataset.y[:50], dataset.w[:50])
    other = ours(3, N_BITS, model.model_dir, **settings)
    other.restore()
    assert other.get_global_step() == model.get_global_step() == 11
    np.testing.assert_array_equal(other.predict(dataset), model.predict(dataset))
    for each in (model, other):
        each.fit(dataset, nb_epoch=2, checkpoint_interval=0)
        each.fit_on_batch(dataset.X, dataset.y, dataset.w, checkpoint=False)
    np.testing.assert_array_equal(other.predict(dataset), model.predict(dataset))
    assert other.get_global_step() == 22
    assert len(other.model.training["history"]) == len(model.model.training["history"])
    again = ours(3, N_BITS, model.model_dir, **settings)
    again.fit(dataset, nb_epoch=2, restore=True, checkpoint_interval=0)
    assert again.get_global_step() == 21


def test_another_optimizer_begins_anew(dc: Any, ours: Any, dataset: Any, fitted: Any) -> None:
    other = ours(3, N_BITS, fitted.model_dir, optimizer=dc.models.optimizers.RMSProp(0.01), **SMALL)
    other.restore()
    other.fit(dataset, nb_epoch=1)
    assert other.get_global_step() == 15


def test_a_model_folder_from_elsewhere(dc: Any, ours: Any, dataset: Any, tmp_path: Path) -> None:
    """What this package trained itself is a checkpoint without a state of the optimizer."""
    labels = np.where(dataset.w > 0, dataset.y, np.nan)
    panel = bm.Panel.from_arrays(dataset.X, labels, ["a", "b", "c"], block="features")
    trained = bm.train(panel, {"epochs": 2, **SMALL}, out=tmp_path / "model")
    model = ours(3, N_BITS, **SMALL)
    model.restore(tmp_path / "model")
    assert model.get_global_step() == 0
    assert panel.features is not None
    expected = trained.predict_features(panel.features["features"])
    np.testing.assert_array_equal(model.predict(dataset)[:, :, 1], expected)
    model.fit(dataset, nb_epoch=1)
    assert model.model.tasks == ("a", "b", "c")
    assert len(model.model.training["history"]) == 3


def test_damage_is_named(ours: Any, fitted: Any) -> None:
    state = Path(fitted.get_checkpoints()[0]) / "learning.safetensors"
    whole = state.read_bytes()
    other = ours(3, N_BITS, fitted.model_dir, **SMALL)
    other = ours(3, N_BITS, fitted.model_dir, **SMALL)
    renamed = whole.replace(b"optimizer", b"optimized", 1), whole.replace(b"avg_sq", b"avg_xx", 1)
    for damaged in (whole[:50], b"", *renamed, whole[:-1] + bytes([whole[-1] ^ 1])):
        state.write_bytes(damaged)
        with pytest.raises(ModelFolderError, match=r"learning\.safetensors is damaged"):
            other.restore()


def test_other_settings_are_refused(ours: Any, dataset: Any, fitted: Any) -> None:
    other = ours(3, N_BITS, fitted.model_dir, **SMALL, balance="uncertainty")
    other.restore()
    with pytest.raises(ConfigError, match="another setting balance"):
        other.fit(dataset, nb_epoch=1)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole_and_apart(ours: Any, dataset: Any, copied: Any) -> None:
    empty = copied(ours(3, N_BITS, **SMALL))
    empty.fit(dataset, nb_epoch=1)
    model = ours(3, N_BITS, **SMALL)
    model.fit(dataset, nb_epoch=2)
    before, folder = model.predict(dataset), model.model_dir
    other = copied(model)
    np.testing.assert_array_equal(other.predict(dataset), before)
    assert other.get_global_step() == model.get_global_step()
    assert other.model_dir != folder
    other.fit(dataset, nb_epoch=1)
    np.testing.assert_array_equal(model.predict(dataset), before)
    model.fit(dataset, nb_epoch=1)
    np.testing.assert_array_equal(other.predict(dataset), model.predict(dataset))
    del other
    assert model.get_checkpoints()  # a copy takes nothing with it
    model.restore()


def test_a_copy_of_a_restored_model(ours: Any, dataset: Any, fitted: Any, tmp_path: Path) -> None:
    other = ours(3, N_BITS, tmp_path / "named", **SMALL)
    other.restore(fitted.get_checkpoints()[0])
    again = copy.deepcopy(other)
    assert again.model_dir == str(tmp_path / "named")
    assert again.get_global_step() == 10
    for each in (again, fitted):
        each.fit(dataset, nb_epoch=1)
    np.testing.assert_array_equal(again.predict(dataset), fitted.predict(dataset))


def test_all_of_a_pretrained_model(ours: Any, dataset: Any, fitted: Any) -> None:
    model = ours(3, N_BITS, **SMALL)
    model.load_from_pretrained(fitted)
    np.testing.assert_array_equal(model.predict(dataset), fitted.predict(dataset))
    model.fit(dataset, nb_epoch=1)
    assert model.model.training["start_from"]["weights_sha256"]
    assert np.abs(model.predict(dataset) - fitted.predict(dataset)).max() > 0
    first = fitted.get_checkpoints()[0]
    before = fitted.predict(dataset)
    fitted.fit(dataset, nb_epoch=1, checkpoint_interval=0)
    model.load_from_pretrained(ours(3, N_BITS, **SMALL), checkpoint=first)
    np.testing.assert_array_equal(model.predict(dataset), before)
    model.load_from_pretrained(ours(3, N_BITS, fitted.model_dir, **SMALL))
    np.testing.assert_array_equal(model.predict(dataset), before)
    with pytest.raises(ConfigError, match="include_top=False takes its experts alone"):
        ours(2, N_BITS, **SMALL).load_from_pretrained(fitted)


def test_experts_of_a_pretrained_model(dc: Any, ours: Any, dataset: Any, fitted: Any) -> None:
    """For other tasks of another kind; each has a weight in the new model, by name and value."""
    model = ours(2, N_BITS, mode="regression", **SMALL)
    model.load_from_pretrained(fitted, include_top=False)
    with pytest.raises(ConfigError, match="no weights yet"):
        model.predict(dataset)
    data = dc.data.NumpyDataset(dataset.X, dataset.X @ np.ones((N_BITS, 2)))
    still = dc.models.optimizers.PiecewiseConstantSchedule(1e-12)
    frozen = ours(2, N_BITS, mode="regression", learning_rate=still, weight_decay=0, **SMALL)
    frozen.load_from_pretrained(fitted, include_top=False)
    frozen.fit(data, nb_epoch=1)
    source = fitted.model.network.state_dict()
    for name, weight in frozen.model.network.state_dict().items():
        if name.startswith("groups."):
            torch.testing.assert_close(weight, source[name], rtol=0, atol=1e-6)
    model.fit(data, nb_epoch=2)
    assert model.predict(data).shape == (160, 2, 1)


def test_single_parameters(ours: Any, dataset: Any, fitted: Any) -> None:
    model = ours(3, N_BITS, seed=1, **SMALL)
    model.fit(dataset, nb_epoch=1)
    pairs = zip(
        fitted.model.network.named_parameters(),
        model.model.network.named_parameters(),
        strict=True,
    )
    places = {s: t for (name, s), (_, t) in pairs if not name.startswith("tower")}
    values = {source: np.full(source.shape, 0.25, np.float32) for source in [*places][:1]}
    model.load_from_pretrained(fitted, assignment_map=places, value_map=values)
    for source, target in places.items():
        expected = values.get(source, source.numpy())
        np.testing.assert_array_equal(target.numpy(), expected)
    assert np.abs(model.predict(dataset) - fitted.predict(dataset)).max() > 0
    model.fit(dataset, nb_epoch=1)
    with pytest.raises(ConfigError, match="of equal shapes"):
        model.load_from_pretrained(fitted, assignment_map={torch.zeros(3): torch.zeros(3)})
    with pytest.raises(ConfigError, match="restore the source before"):
        model.load_from_pretrained(fitted, assignment_map=places, checkpoint="x")


def test_a_model_may_be_set(ours: Any, dataset: Any, fitted: Any) -> None:
    model = ours(3, N_BITS, **SMALL)
    model.model = fitted.model
    np.testing.assert_array_equal(model.predict(dataset), fitted.predict(dataset))
    model.model = None
    with pytest.raises(ConfigError, match="no weights yet"):
        model.predict(dataset)


class Killed(BaseException):
    """Nothing handles it."""


@pytest.mark.parametrize("keep", [1, 2, 3])
@pytest.mark.parametrize("way", ["save_checkpoint", "save"])
@pytest.mark.cases(2)
def test_an_interruption_at_any_step_leaves_a_whole_checkpoint(
    ours: Any, dataset: Any, monkeypatch: pytest.MonkeyPatch, keep: int, way: str
) -> None:
    """Stopped before each renaming or removal; the next checkpoint mends what is left."""
    model, other = (ours(3, N_BITS, **SMALL) for _ in range(2))
    model.fit(dataset, nb_epoch=1, checkpoint_interval=0)
    for _ in range(keep):
        model.save_checkpoint(keep)
    rename, remove = Path.rename, shutil.rmtree
    for moment in range(30):
        left, before = moment, model.get_global_step()
        model.fit_on_batch(dataset.X, dataset.y, dataset.w, checkpoint=False)

        def counted(work: Any) -> Any:
            def run(*args: Any, **more: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise Killed
                return work(*args, **more)

            return run

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", counted(rename))
            patch.setattr(
                "bioassay_mtl.adapters.deepchem.checkpoints.shutil.rmtree", counted(remove)
            )
            try:
                getattr(model, way)(*[keep] * (way == "save_checkpoint"))
            except Killed:
                other.restore(model_dir=model.model_dir)
                assert before <= other.get_global_step() <= model.get_global_step()
            else:
                break
        model.save_checkpoint(keep)
        assert [Path(folder).name for folder in model.get_checkpoints()] == [
            f"checkpoint{number}" for number in range(1, keep + 1)
        ]
        other.restore(model_dir=model.model_dir)
        assert other.get_global_step() == model.get_global_step()
    assert 3 <= moment < 29
