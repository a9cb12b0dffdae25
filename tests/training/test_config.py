"""Settings are strict, complete, and come back from JSON as they went."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.mmoeex import MMoEExConfig
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.optimizer import schedule
from tests.training.conftest import small_config

EXPERTS = {"inputs": ["morgan"]}


@pytest.mark.parametrize("config", [TrainingConfig(), small_config()])
def test_round_trip_through_json(config: TrainingConfig) -> None:
    text = json.dumps(config.model_dump(mode="json"))
    assert TrainingConfig.of(json.loads(text)) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "did you mean 'epochs'"),
        ({"epochs": 0}, "epochs"),
        ({"network": {"kind": "mmoex"}}, "did you mean 'mmoe"),
        ({"fingerprints": {"x": {"kind": "morgn"}}}, "did you mean 'morgan'"),
        ({"split": {"kind": "random", "fractions": [0.5, 0.1, 0.1]}}, "sum to 1"),
        ({"split": {"kind": "randm"}}, "unknown split 'randm' .did you mean 'random'"),
        ({"reduction": "summ"}, "unknown loss reduction 'summ' .did you mean 'sum'"),
        ({"balance": "summ"}, "unknown balancer 'summ' .did you mean 'sum'"),
        ({"loss": "focl"}, "unknown loss 'focl' .did you mean 'focal'"),
        ({"sampling": "balancd"}, "unknown sampling 'balancd' .did you mean 'balanced'"),
        ({"network": {"kind": "mmoe"}}, r"such as network\.experts\.inputs=\[morgan,torsion,"),
        (
            {"inputs": {"mine": {"kind": "morgan"}}, "network": {"kind": "shared_bottom"}},
            r"such as network\.bottom\.inputs=\[mine\]",
        ),
        ({"network": {"experts": [EXPERTS], "gate": {"kind": "statik"}}}, "mean 'static'"),
        ({"network": {"experts": [EXPERTS], "tower": {"kind": "liner"}}}, "mean 'linear'"),
        ({"network": {"experts": [EXPERTS], "connections": {"kind": "non"}}}, "mean 'none'"),
        ({"network": {"experts": [EXPERTS], "tower": {"activation": "gel"}}}, "mean 'gelu'"),
        ({"network": {"experts": [EXPERTS | {"activation": "rel"}]}}, "mean 'relu'"),
        ({"seed": -1}, "seed: "),
        ({"split": {"seed": -1}}, r"split\.seed: "),
        ({"network": {"experts": [EXPERTS], "connections": {"seed": -1}}}, "seed: "),
    ],
)
def test_faults_are_named(values: dict[str, Any], message: str) -> None:
    for construct in (TrainingConfig.of, lambda values: TrainingConfig(**values)):
        with pytest.raises(ConfigError, match=message):
            construct(values)


def test_faults_of_settings_within_settings_keep_their_place() -> None:
    given: dict[str, Any] = {"experts": [EXPERTS | {"width": 0}]}
    with pytest.raises(ConfigError, match=r"experts\.0\.width: .*\(found 0\)"):
        MMoEExConfig(**given)
    with pytest.raises(ConfigError, match=r"TrainingConfig: split\.seed: .*; epochs: "):
        TrainingConfig(split={"seed": "x"}, epochs=0)


@pytest.mark.parametrize("kind", ["cosine", "linear", "constant"])
def test_schedule_rises_then_falls(kind: str) -> None:
    config = small_config(schedule=kind, warmup=0.1)
    rates = [schedule(config, step, 100) for step in range(100)]
    assert rates[:9] == sorted(rates[:9])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert min(rates) > 0
    assert max(rates) <= 1


@pytest.mark.parametrize("kind", [[], {}, 3, "mmoex"])
def test_a_kind_that_there_is_none_of_is_a_fault_of_settings(kind: object) -> None:
    with pytest.raises(ConfigError, match="unknown network"):
        TrainingConfig.of({"network": {"kind": kind}})
