"""Model folders that somebody wrote otherwise: each is refused, and the file and the key are named.

The hashes are made to fit, so that what a folder says is looked at, not only whether it changed.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bioassay_mtl.errors import ModelFolderError
from bioassay_mtl.models.folder import _digest
from bioassay_mtl.models.folder_checks import MOST_BYTES
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.screening.pipeline import screen
from tests.models.test_folder import model  # noqa: F401 (a fixture)
from tests.screening.mixed_model import mixed_model

OTHERS: list[Any] = [10**12, [], {}, [[]], {"x": 1}, 1e300]
SOAK = pytest.mark.soak
NOT_ASKED = {"package_version", "training", "annotations"}
"""What no model is built of: its content is for people."""


def sign(folder: Path, config: dict[str, Any]) -> None:
    """Write a configuration with the hashes of the files as they are."""
    config = copy.deepcopy(config)
    if isinstance(config.get("sha256"), dict):
        for name in config["sha256"]:
            if (folder / name).is_file() and name != "config.json":
                content = (folder / name).read_bytes()
                config["sha256"][name] = hashlib.sha256(content).hexdigest()
        config["sha256"]["config.json"] = _digest(config)
    (folder / "config.json").write_text(json.dumps(config))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways to everything inside; of lists, the first and the last item stand for all."""
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        items = [(at, value[at]) for at in sorted({0, len(value) - 1}) if value]
    else:
        items = []
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def without(config: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def replaced(config: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def loads_or_is_refused(folder: Path) -> str:
    """What a folder is refused with, or nothing; any other exception is the test's failure."""
    try:
        PendingModel(folder).loaded()
        loaded = Model.load(folder)
    except ModelFolderError as error:
        return str(error)
    loaded.predict(["CCO"])
    return ""


@pytest.fixture(params=["binary", "mixed", "ensemble"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, model: Model) -> Path:  # noqa: F811
    if request.param == "mixed":
        return mixed_model().save(tmp_path / "model")
    if request.param == "ensemble":
        from bioassay_mtl.models.join import join

        model = join([model, model])
    return model.save(tmp_path / "model")


@pytest.mark.cases(1)
def test_each_key_is_missing_once(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    needed = {"name", "tasks", "featurizer", "network", "connections", "sha256", "label_counts"}
    for path in places(config):
        sign(folder, without(config, path))
        message = loads_or_is_refused(folder)
        if len(path) == 1 and path[0] in needed:
            assert message
            assert path[0] in message or path[0] == "sha256"


@pytest.mark.parametrize("value", [None, -1, "x", *(pytest.param(v, marks=SOAK) for v in OTHERS)])
@pytest.mark.cases(3)
def test_each_value_is_of_a_wrong_type_once(folder: Path, value: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    for path in places(config):
        if path[0] not in NOT_ASKED:
            sign(folder, replaced(config, path, value))
            loads_or_is_refused(folder)


@pytest.fixture
def whole(model: Model, tmp_path: Path) -> Path:  # noqa: F811
    return model.save(tmp_path / "model")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers(whole: Path, number: float) -> None:
    weights = load_file(whole / "model.safetensors")
    name = sorted(weights)[0]
    weights[name].view(-1)[-1] = number
    save_file(weights, whole / "model.safetensors")
    sign(whole, json.loads((whole / "config.json").read_text()))
    message = loads_or_is_refused(whole)
    assert f"model.safetensors: {name}: holds NaN or infinity" in message


@pytest.mark.parametrize("change", ["missing", "more", "longer", "empty"])
def test_weights_that_do_not_fit(whole: Path, change: str) -> None:
    weights = load_file(whole / "model.safetensors")
    name = sorted(weights)[0]
    if change == "missing":
        del weights[name]
    elif change == "more":
        weights["more"] = torch.zeros(1)
    elif change == "longer":
        weights[name] = torch.cat([weights[name], weights[name]])
    else:
        weights = {}
    save_file(weights, whole / "model.safetensors")
    sign(whole, json.loads((whole / "config.json").read_text()))
    assert "model.safetensors: weights and architecture do not fit" in loads_or_is_refused(whole)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 1_000_000},
        {"width": 10**15},
        {"n": 1_000_000},
        {"depth": 10**9, "width": 1},
    ],
)
def test_a_giant_is_refused_before_it_asks_for_memory(whole: Path, change: dict[str, int]) -> None:
    config = json.loads((whole / "config.json").read_text())
    config["network"]["experts"][0] |= change
    sign(whole, config)
    assert "network: needs more weights than the" in loads_or_is_refused(whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:1], "connections: 3 are expected, one a task, found 1"),
        (lambda rows: [*rows, rows[0]], "connections: 3 are expected, one a task, found 4"),
        (lambda rows: [row[:1] for row in rows], "connections.0: 4 of 0 and 1 are expected"),
        (lambda rows: [*rows[:2], "01x1"], "connections.2: 4 of 0 and 1 are expected"),
        (lambda rows: [*rows[:2], rows[2] + "1"], "connections.2: 4 of 0 and 1 are expected"),
        (lambda rows: [*rows[:2], "٠١٠١"], "connections.2: 4 of 0 and 1 are expected"),
    ],
)
def test_connections_of_another_shape(whole: Path, change: Any, message: str) -> None:
    config = json.loads((whole / "config.json").read_text())
    sign(whole, config | {"connections": change(config["connections"])})
    assert f"config.json: {message}" in loads_or_is_refused(whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_counts": {"active": [1, 2, 3], "inactive": [1]}}, "label_counts.inactive: 3 are "),
        ({"label_counts": {"active": [1, 2, 3]}}, "label_counts: active and inactive are expected"),
        ({"tasks": ["first", "first", "third"]}, "tasks: names must differ"),
        ({"tasks": []}, "tasks: List should have at least 1 item"),
        ({"name": 7}, "name: Input should be a valid string, found 7"),
        ({"network": {"kind": ["mmoeex"]}}, "network: "),
        ({"network": {"kind": "nothing"}}, "network: "),
        ({"featurizer": {"fingerprints": {"morgan": {"kind": "nothing"}}}}, "featurizer: "),
        ({"kinds": [{"kind": "binary"}]}, "kinds: 3 are expected, one a task, found 1"),
        ({"plugins": 7}, "plug"),
    ],
)
def test_the_key_is_named(whole: Path, change: dict[str, Any], message: str) -> None:
    config = json.loads((whole / "config.json").read_text())
    sign(whole, config | change)
    assert message in loads_or_is_refused(whole)


@pytest.mark.parametrize("text", ["[]", "7", "null", '"x"', "{", "[" * 100_000, "", "\xff"])
@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_json_that_is_no_object(whole: Path, name: str, text: str) -> None:
    config = json.loads((whole / "config.json").read_text())
    (whole / name).write_text(text, encoding="latin-1")
    if name == "metrics.json":
        sign(whole, config)
    assert f"{name} is not a model's" in loads_or_is_refused(whole)


@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_json_of_no_end(whole: Path, name: str) -> None:
    config = json.loads((whole / "config.json").read_text())
    with (whole / name).open("ab") as file:
        file.truncate(MOST_BYTES + 1)
    if name == "metrics.json":
        sign(whole, config)
    assert f"{name} has more than 100,000,000 bytes" in loads_or_is_refused(whole)


def test_a_card_that_is_no_text(whole: Path) -> None:
    (whole / "README.md").write_bytes(b"\xff\xfe\xfa")
    sign(whole, json.loads((whole / "config.json").read_text()))
    assert "README.md: text: cannot be used (UnicodeDecodeError" in loads_or_is_refused(whole)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "metrics.json", "README.md"])
def test_files_that_cannot_be_read(whole: Path, name: str) -> None:
    memory = Path("/proc/self/mem")
    if not memory.exists():
        pytest.skip("the system has no file that refuses to be read, whoever asks")
    (whole / name).unlink()
    (whole / name).symlink_to(memory)
    assert f"model/{name}" in loads_or_is_refused(whole)


@pytest.mark.parametrize("name", ["pcba128", "pcba128-mix"])
def test_shipped_models_are_as_described(name: str) -> None:
    assert loads_or_is_refused(find_model(name)) == ""


def test_weights_too_large_for_any_prediction_end_a_screen(whole: Path, tmp_path: Path) -> None:
    weights = load_file(whole / "model.safetensors")
    save_file(
        {name: value * 0 + 3e38 for name, value in weights.items()}, whole / "model.safetensors"
    )
    sign(whole, json.loads((whole / "config.json").read_text()))
    (tmp_path / "in.smi").write_text("CCO\nnothing\n")
    with pytest.raises(ModelFolderError, match="predicts what is no number"):
        screen([tmp_path / "in.smi"], Model.load(whole), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
