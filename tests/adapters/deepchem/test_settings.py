"""Arguments of DeepChem's networks are obeyed, or answered with what stands in their place."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bioassay_mtl.errors import ConfigError
from tests.adapters.deepchem.conftest import N_BITS, SMALL


def experts(model: Any) -> Any:
    return model.model.network_config.experts


def test_layers(ours: Any, dataset: Any) -> None:
    model = ours(3, N_BITS, layer_sizes=[40, 40], dropouts=[0.1, 0.1], activation_fns="relu")
    model.fit(dataset, nb_epoch=1)
    assert {(e.width, e.depth, e.dropout) for e in experts(model)} == {(40, 2, 0.1)}
    assert model.model.training["config"]["network"]["experts"][0]["width"] == 40
    model.fit(dataset, nb_epoch=1)
    other = ours(3, N_BITS, model.model_dir, layer_sizes=[20])
    other.restore()
    with pytest.raises(ConfigError, match="needs the model's settings"):
        other.fit(dataset)


def test_layers_of_all_experts_of_smiles(dc: Any, ours: Any, dataset: Any) -> None:
    data = dc.data.NumpyDataset(dataset.ids[:40], dataset.y[:40], dataset.w[:40])
    model = ours(3, layer_sizes=[8], activation_fns=[torch.nn.functional.gelu])
    model.fit(data, nb_epoch=1)
    found = experts(model)
    assert len(found) > 2
    assert {(e.width, e.depth, e.activation) for e in found} == {(8, 1, "gelu")}


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"layer_sizes": [100, 50]}, r"one value for all.*\[100, 50\].*'width'"),
        ({"dropouts": [0.1, 0.5]}, r"one value for all.*'dropout'"),
        ({"layer_sizes": [9, 9], "residual": False}, "layers after the first add to their input"),
        ({"weight_decay_penalty": 0.1}, "weights decay by weight_decay"),
        ({"bias_init_consts": 1.0}, "biases of tasks start at their base rates"),
        ({"weight_init_stddevs": [0.02]}, "drawn to the width of their layer"),
        ({"uncertainty": True}, "fit several with seed"),
        ({"regularization_loss": len}, "weight_decay"),
        ({"wandb": True}, "wandb_logger"),
        ({"layer_sizes": [9], **SMALL}, "network says all of the layers"),
        ({"activation_fns": "softsign"}, "unknown activation 'softsign'"),
        ({"devices": 2}, "bm.train takes several"),
        ({"network": {"kind": "forest", "inputs": ["x"]}}, "experts take none; bm.train trains"),
        ({"effort": "thorough"}, "effort thorough: a model of DeepChem is one network"),
        ({"optimizer": "adam"}, "one of dc.models.optimizers"),
        ({"learning_rat": 1}, "did you mean 'learning_rate'"),
        ({"log_frequency": 0}, "log_frequency: 1 or more"),
    ],
)
def test_answers(ours: Any, given: dict[str, Any], answer: str) -> None:
    with pytest.raises(ConfigError, match=answer):
        ours(3, N_BITS, **given)


def test_what_asks_for_nothing_is_taken(ours: Any) -> None:
    model = ours(
        *(3, N_BITS),
        weight_decay_penalty=0.0,
        weight_decay_penalty_type="l2",
        uncertainty=False,
        wandb=False,
        residual=True,
        device=torch.device("cpu"),
        tensorboard=False,
    )
    assert model.settings.checked.weight_decay == 0
    assert model.settings.checked.device == "cpu"
    assert ours(3, N_BITS, device=None).settings.checked.device == "auto"


def test_optimizers(dc: Any, ours: Any, dataset: Any) -> None:
    kinds = dc.models.optimizers
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    for optimizer, name in (
        (kinds.Adam(0.01), "Adam"),
        (kinds.RMSProp(0.01), "RMSprop"),
        (kinds.AdamW(kinds.ExponentialDecay(0.02, 0.9, 10)), "AdamW"),
    ):
        model = ours(3, N_BITS, optimizer=optimizer, **SMALL)
        model.fit(dataset, nb_epoch=8)
        assert model.optimizer is optimizer
        assert type(model._learner.optimizer).__name__ == name
        assert model.evaluate(dataset, [metric])["roc_auc_score"] > 0.8
    with pytest.raises(ConfigError, match="brings its own"):
        ours(3, N_BITS, optimizer=kinds.Adam(), learning_rate=0.1)
    for other in (kinds.KFAC(), kinds.SparseAdam()):
        with pytest.raises(ConfigError, match="does not fit this network"):
            ours(3, N_BITS, optimizer=other)


def test_what_callbacks_read(dc: Any, ours: Any, dataset: Any) -> None:
    model = ours(3, N_BITS, batch_size=50)
    assert model.batch_size == 50
    assert not model.tensorboard
    assert model.wandb_logger is None
    assert isinstance(model.optimizer, dc.models.optimizers.AdamW)
    assert model.optimizer.learning_rate == 16e-3
    assert model.loss.kind == "bce"
    model = ours(3, N_BITS, mode="regression", **SMALL)
    assert model.batch_size == 100
    assert type(model.loss).__name__ == "ValueLoss"
    model.fit(dataset, nb_epoch=1)
    assert model.batch_size == 32
