"""Addresses of public panels, and how their files are read."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import Field

from bioassay_mtl.config import Config, did_you_mean
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.panels.panel import Panel

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class Recipe(Config):
    """A public panel.

    Parameters
    ----------
    name
        Name by which the user calls it.
    title
        One line on what was measured.
    url
        Address of the table.
    sha256
        Hash of the file, where it has been verified; otherwise a fetch records what it finds.
    smiles_column, id_column, other_columns
        Columns of the table that are no assays.
    tasks
        Columns that are assays; None for all others, of which there are `n_tasks`.
    rows
        Least and greatest number of rows; the file has been published with and without duplicates.
    megabytes, megabytes_unpacked
        More than the file has, as it is sent and as text.
    molecules
        Different molecules as published; a file may hold some of them more than once.
    n_tasks
        Number of assays.
    license, source, citation
        License of the data; who measured them and who made the file; what to cite.
    """

    name: str = Field(pattern="^[a-z0-9_]+$")
    title: str
    url: str = Field(pattern="^https?://[^/]+/.*[^/]$")
    sha256: str | None = Field(pattern="^[0-9a-f]{64}$")
    smiles_column: str
    id_column: str | None
    other_columns: tuple[str, ...] = ()
    tasks: list[str] | None
    rows: tuple[int, int]
    megabytes: float = Field(gt=0)
    megabytes_unpacked: float = Field(gt=0)
    molecules: int
    n_tasks: int
    license: str
    source: str
    citation: str

    @property
    def file_name(self) -> str:
        """The name that the file has at its address."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]

    def read(self, path: str | Path) -> Panel:
        """The panel of a fetched file.

        Raises
        ------
        InputError
            If the file is not what the recipe says.
        """
        return Panel.read(path, self.smiles_column, self.id_column, self.tasks)


@cache
def recipes() -> MappingProxyType[str, Recipe]:
    """All recipes by name, in alphabetic order."""
    import yaml

    found = (
        Recipe.of(yaml.safe_load(entry.read_text(encoding="utf-8")))
        for entry in dataset_files().iterdir()
        if entry.name.endswith(".yaml") and not entry.name.endswith(".schema.yaml")
    )
    return MappingProxyType({r.name: r for r in sorted(found, key=lambda recipe: recipe.name)})


def recipe(name: str) -> Recipe:
    """One recipe.

    Raises
    ------
    ConfigError
        If there is none of this name.
    """
    if name not in recipes():
        raise ConfigError(f"unknown data set {name!r} ({did_you_mean(name, recipes())})")
    return recipes()[name]


def dataset_files() -> Traversable:
    """The folder of recipes."""
    return files("bioassay_mtl.datasets")
