"""Settings of a file, and changes to them, to the defaults, and to parts of both."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from bioassay_mtl.cli.settings import put_all, read_settings
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.training.config import TrainingConfig
from tests.cli.conftest import Run

DEFAULTS = TrainingConfig().model_dump(mode="json")


def changed(given: dict[str, Any] | None = None, *settings: str) -> dict[str, Any]:
    """All settings in effect."""
    values = given or {}
    put_all(values, settings)
    return TrainingConfig.of(values).model_dump(mode="json")


def test_settings_by_path() -> None:
    values: dict[str, Any] = {"split": {"kind": "random"}, "network": {"bottom": {"width": 8}}}
    put_all(values, ["split.seed=3", "network.kind=shared_bottom", "loggers=[csv]"])
    assert values == {
        "split": {"kind": "random", "seed": 3},
        "network": {"kind": "shared_bottom", "bottom": {"width": 8}},
        "loggers": ["csv"],
    }


def test_one_value_inside_a_default() -> None:
    network = changed({}, "network.experts.0.width=256", "network.gate.temperature=2")["network"]
    assert network["experts"][0] == DEFAULTS["network"]["experts"][0] | {"width": 256}
    assert network["experts"][1:] == DEFAULTS["network"]["experts"][1:]
    assert network["gate"] == DEFAULTS["network"]["gate"] | {"temperature": 2}
    bits = changed({}, "fingerprints.morgan.n_bits=1024")
    assert bits["fingerprints"]["morgan"] == DEFAULTS["fingerprints"]["morgan"] | {"n_bits": 1024}
    assert bits["fingerprints"].keys() == DEFAULTS["fingerprints"].keys()
    assert bits["network"] == DEFAULTS["network"]


@pytest.mark.parametrize("turned", [False, True])
def test_the_default_network_follows_the_fingerprints(turned: bool) -> None:
    settings = ["network.experts.0.n=5", "fingerprints={ecfp: {kind: morgan, n_bits: 512}}"]
    experts = changed({}, *(settings[::-1] if turned else settings))["network"]["experts"]
    assert [(group["inputs"], group["n"]) for group in experts] == [(["ecfp"], 5)]


def test_what_a_file_gives_stays_as_given() -> None:
    given: dict[str, Any] = {"network": {"experts": [{"inputs": ["morgan"], "width": 8}]}}
    network = changed(given, "network.experts.0.n=2")["network"]
    assert [(group["n"], group["width"]) for group in network["experts"]] == [(2, 8)]
    assert network["gate"]["weight_decay"] == 0  # not the 10 of the default network
    fingerprints = {"ecfp": {"kind": "morgan", "n_bits": 64}}
    given = {"fingerprints": fingerprints, "split": {"kind": "random", "seed": 5}}
    found = changed(given, "fingerprints.ecfp.n_bits=128", "split.kind=scaffold_balanced")
    assert {name: each["n_bits"] for name, each in found["fingerprints"].items()} == {"ecfp": 128}
    assert found["split"]["seed"] == 5


@pytest.mark.parametrize("turned", [False, True])
def test_another_kind_starts_from_its_own_defaults(turned: bool) -> None:
    settings = ["loss.gamma=3", "loss.kind=focal", "fingerprints.morgan.kind=maccs"]
    settings += ["network.kind=shared_bottom", "network.bottom.inputs=[morgan]"]
    given: dict[str, Any] = {"loss": {"kind": "bce", "smoothing": 0.1}}
    found = changed(given, *(settings[::-1] if turned else settings))
    assert found["loss"] == {"kind": "focal", "gamma": 3, "alpha": None}
    assert found["network"]["bottom"]["inputs"] == ["morgan"]
    assert found["fingerprints"]["morgan"]["kind"] == "maccs"


def test_a_name_takes_settings_of_its_kind() -> None:
    assert changed({"loss": "focal"}, "loss.gamma=3")["loss"]["gamma"] == 3
    assert changed({}, "sampling=balanced", "sampling.exponent=2")["sampling"]["exponent"] == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("split.kind.x=1", "'kind' holds no further settings"),
        ("network.experts.3.n=1", "'3' is no element of a list of 3"),
        ("network.experts.first.n=1", "'first' is no element of a list of 3"),
        ("network.experts.-1=1", "'-1' is no element"),
        ("epochs={", "the value is no YAML"),
        ("=3", "needs KEY=VALUE"),
        ("split.kind.kind=1", "'kind' holds no further settings"),
    ],
)
def test_faults_name_the_setting(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as fault:
        put_all({"split": {"kind": "random"}}, [setting])
    assert setting in str(fault.value)


def test_a_seed_is_also_that_of_the_split(cli: Run) -> None:
    def seeds(*arguments: str) -> tuple[int, int]:
        values = yaml.safe_load(cli("train", "--print-config", *arguments).out)
        return values["seed"], values["split"]["seed"]

    assert seeds() == (0, 0)
    assert seeds("--seed", "7") == (7, 7)
    assert seeds("--seed", "7", "--set", "split.seed=3") == (7, 3)
    assert seeds("--set", "seed=7") == (7, 0)


@pytest.mark.parametrize("name", ["inputs", "fingerprints"])
@pytest.mark.parametrize("given", [{}, {"inputs": {"morgan": {"kind": "morgan"}}}])
def test_inputs_are_fingerprints(name: str, given: dict[str, Any]) -> None:
    values = deepcopy(given)
    put_all(values, [f"{name}.morgan.n_bits=512", "network.experts.0.width=64"])
    found = TrainingConfig.of(values)
    assert found.fingerprints["morgan"]["n_bits"] == 512
    assert len(found.fingerprints) == (1 if given else 3)
    assert found.network.experts[0].width == 64  # type: ignore[attr-defined]


def test_both_names_at_once_are_refused() -> None:
    values: dict[str, Any] = {name: {"m": {"kind": "maccs"}} for name in ("inputs", "fingerprints")}
    put_all(values, ["inputs.m.kind=morgan"])
    with pytest.raises(ConfigError, match="two names of one setting"):
        TrainingConfig.of(values)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [1\n", "just words"])
def test_files_that_hold_no_settings(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"settings\.yaml"):
        read_settings(str(path))


def test_another_kind_of_experts_starts_from_its_defaults() -> None:
    fingerprints = {"graph": {"kind": "graph"}, "ecfp": {"kind": "morgan", "n_bits": 64}}
    network = {"experts": [{"kind": "mlp", "inputs": ["ecfp"], "dropout": 0.7, "width": 8}]}
    given = {"fingerprints": fingerprints, "network": network}
    experts = changed(
        given,
        "network.experts.0.inputs=[graph]",
        "network.experts.0.kind=gine",
        "network.experts.0.hidden=12",
    )["network"]["experts"]
    assert [group["kind"] for group in experts] == ["gine"]
    assert (experts[0]["hidden"], experts[0]["dropout"], experts[0]["inputs"]) == (
        12,
        0.1,
        ["graph"],
    )
