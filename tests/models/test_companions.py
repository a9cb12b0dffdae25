"""Companions: kept with a model, checked like its weights, and absent where it has none."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.models.companions import Companion, companions
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.join import join
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.model import Model
from tests.models.test_folder import model, rewrite  # noqa: F401 (a fixture)


class Numbers(Companion[list[int]]):
    files = ("numbers.json",)
    n_read = 0

    def write(self, held: list[int], folder: Path) -> None:
        (folder / self.files[0]).write_text(json.dumps(held))

    def read(self, folder: Path, config: Mapping[str, Any]) -> list[int]:
        type(self).n_read += 1
        assert config["beside"]["numbers"]["n"] > 0
        return [int(each) for each in json.loads((folder / self.files[0]).read_text())]

    def record(self, held: list[int]) -> dict[str, Any]:
        return {"n": len(held)}

    def joined(self, held: Sequence[list[int]]) -> list[int] | None:
        return [number for each in held for number in each]


@pytest.fixture
def numbers() -> Iterator[type[Numbers]]:
    made = type("Made", (Numbers,), {})
    companions.register("numbers")(made)
    yield made
    del companions._entries["numbers"]


def entries(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text())  # type: ignore[no-any-return]


def test_they_are_kept_and_read(
    model: Model,  # noqa: F811
    tmp_path: Path,
    numbers: type[Numbers],
) -> None:
    model.beside["numbers"] = [1, 2]
    folder = model.save(tmp_path / "model")
    assert "numbers.json" in entries(folder)["sha256"]
    assert entries(folder)["format_version"] == 1
    assert Model.load(folder).beside["numbers"] == [1, 2]
    pending = PendingModel(folder)
    assert pending.beside["numbers"] == pending.loaded().beside["numbers"] == [1, 2]
    with pytest.raises(ConfigError, match="numbers"):
        model.beside["number"] = [1]


@pytest.mark.parametrize("content", ["[1]", "[1, 2", '["x"]', "7"])
def test_altered_and_odd_ones_are_named(
    model: Model,  # noqa: F811
    tmp_path: Path,
    numbers: type[Numbers],
    content: str,
) -> None:
    from tests.models.test_odd_folders import sign

    model.beside["numbers"] = [1, 2]
    folder = model.save(tmp_path / "model")
    (folder / "numbers.json").write_text(content)
    with pytest.raises(ModelFolderError, match=r"numbers\.json was altered"):
        Model.load(folder)
    sign(folder, entries(folder))
    if content != "[1]":
        with pytest.raises(ModelFolderError, match=r"numbers\.json: content: cannot be used"):
            Model.load(folder)
    (folder / "numbers.json").unlink()
    with pytest.raises(ModelFolderError, match=r"numbers\.json is missing"):
        Model.load(folder)


def test_big_ones_are_read_once_and_when_asked_for(
    model: Model,  # noqa: F811
    tmp_path: Path,
    numbers: type[Numbers],
) -> None:
    model.beside["numbers"] = [1, 2]
    folder = model.save(tmp_path / "model")
    numbers.is_big = True
    loaded = Model.load(folder)
    assert "numbers" in loaded.beside
    assert numbers.n_read == 0
    assert loaded.beside["numbers"] is loaded.beside["numbers"]
    assert numbers.n_read == 1
    moved = pickle.loads(pickle.dumps(Model.load(folder).beside))
    (folder / "numbers.json").write_text("[3]")
    assert moved["numbers"] == [1, 2]
    with pytest.raises(ModelFolderError, match=r"numbers\.json was altered"):
        Model.load(folder).beside["numbers"]


def test_a_folder_that_predicts_wrongly_without_one_is_of_a_later_version(
    model: Model,  # noqa: F811
    tmp_path: Path,
    numbers: type[Numbers],
) -> None:
    numbers.changes_predictions = True
    model.beside["numbers"] = [1, 2]
    folder = model.save(tmp_path / "model")
    assert entries(folder)["format_version"] == 3
    assert Model.load(folder).beside["numbers"] == [1, 2]
    amend_folder(folder, {"numbers": None})
    assert entries(folder)["format_version"] == 1
    assert not Model.load(folder).beside
    assert not (folder / "numbers.json").exists()


def test_one_is_put_into_a_folder_and_the_model_stays(
    model: Model,  # noqa: F811
    tmp_path: Path,
    numbers: type[Numbers],
) -> None:
    folder = model.save(tmp_path / "model")
    (folder / "logs").mkdir()
    for mine in ("report.html", "logs/numbers.json"):
        (folder / mine).write_text("read me")
    before = entries(folder)
    weights = (folder / "model.safetensors").read_bytes()
    amend_folder(folder, {"numbers": [4]})
    assert Model.load(folder).beside["numbers"] == [4]
    assert (folder / "model.safetensors").read_bytes() == weights
    for mine in ("report.html", "logs/numbers.json"):
        assert (folder / mine).read_text() == "read me"
    amend_folder(folder, {"numbers": None})
    assert entries(folder) == before
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


def test_what_a_newer_version_keeps_is_left_alone(
    model: Model,  # noqa: F811
    tmp_path: Path,
    numbers: type[Numbers],
) -> None:
    model.beside["numbers"] = [4]
    folder = model.save(tmp_path / "model")
    rewrite(folder, beside={"later": {"n": 1}, "numbers": {"n": 1}})
    assert set(Model.load(folder).beside) == {"numbers"}
    amend_folder(folder, {"numbers": [5]})
    assert entries(folder)["beside"]["later"] == {"n": 1}


def test_joined_models_have_what_is_still_true(
    model: Model,  # noqa: F811
    numbers: type[Numbers],
) -> None:
    model.beside["numbers"] = [1, 2]
    assert join([model, model]).beside["numbers"] == [1, 2, 1, 2]
    assert join([model, model]).beside is not model.beside
