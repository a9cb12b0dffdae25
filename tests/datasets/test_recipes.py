"""The recipes, and the shared copies of what they describe."""

from __future__ import annotations

import gzip
import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.datasets.recipe_check import check_table
from bioassay_mtl.datasets.recipes import Recipe, recipe, recipes
from bioassay_mtl.errors import ConfigError


def test_the_recipes() -> None:
    assert list(recipes()) == ["hiv", "muv", "pcba", "tox21", "toxcast"]
    for name, found in recipes().items():
        assert found.name == name
        assert found.tasks is None or len(set(found.tasks)) == found.n_tasks
        assert found.file_name in ("HIV.csv", "toxcast_data.csv.gz", f"{name}.csv.gz")
    with pytest.raises(ConfigError, match="did you mean 'tox21'"):
        recipe("tox-21")


def test_the_readme_names_them_all() -> None:
    readme = Path(__file__).parents[2] / "datasets" / "README.md"
    text = readme.read_text(encoding="utf-8")
    table = re.findall(r"\| `(\w+)` \| .* \| ([\d,]+) \| (\d+) \|", text)
    assert table == [(r.name, f"{r.molecules:,}", str(r.n_tasks)) for r in recipes().values()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"url": "ftp://somewhere/file.csv"}, "url"),
        ({"url": "https://somewhere/folder/"}, "url"),
        ({"name": "../x"}, "name"),
        ({"sha256": "abc"}, "sha256"),
        ({"licens": "x"}, "did you mean 'license'"),
    ],
)
def test_a_faulty_recipe_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Recipe.of({**recipe("hiv").model_dump(), **change})


def first_rows(path: Path, n: int, out: Path) -> Path:
    """A copy of a packed table, with its first rows alone."""
    with gzip.open(path) as lines:
        out.write_bytes(gzip.compress(b"".join(islice(lines, n + 1)), 1))
    return out


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("hiv", "HIV.csv.gz"),
        ("muv", "muv.csv.gz"),
        ("tox21", "tox21.csv.gz"),
        pytest.param("toxcast", "toxcast.csv.gz", marks=pytest.mark.soak),
        ("pcba", "pcba/pcba_smiles.csv.gz"),
    ],
)
@pytest.mark.cases(2)
def test_the_shared_copies_are_read(
    shared_data: Path, name: str, file: str, tmp_path: Path
) -> None:
    chosen = recipe(name)
    if name == "pcba":  # a sample, with a row number in place of the PubChem id
        chosen = chosen.model_copy(update={"id_column": "row"})
    path = shared_data / file
    if chosen.n_tasks > 100:
        path = first_rows(path, 5000, tmp_path / "first.csv.gz")
    panel = chosen.read(path)
    rare = 12 if name == "pcba" else 0  # assays that have no actives in the first rows
    assert chosen.n_tasks - rare <= len(panel.tasks) <= chosen.n_tasks
    assert panel.n_actives.sum() > 0
    if name != "pcba":
        packed = chosen.model_copy(update={"url": f"https://some.where/{name}.csv.gz"})
        check_table(packed, shared_data / file)
    if name in ("hiv", "muv", "tox21"):
        assert len(set(panel.structures or [])) == chosen.molecules
