"""Modules under the names that version 0.1 gave them, for one release.

``import bioassay_mtl.data.panel`` gives :mod:`bioassay_mtl.panels.panel` and a
``DeprecationWarning``. Objects are the same under both names.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "bioassay_mtl"
# A module, or a package with all that is in it.
MOVED = {
    "balance.task_parameters": "balance.two_step.task_parameters",
    "balance.task_sampling": "balance.two_step.task_sampling",
    "balance.two_step_all": "balance.two_step.all_tasks",
    "balance.two_step_task": "balance.two_step.own_task",
    "chem.standardise": "chem.standardize",
    "data.copies": "panels.duplicates",
    "data.download": "datasets.download",
    "data.fetch": "datasets.fetch",
    "data.formulas": "tables.formulas",
    "data.frame": "tables.frame",
    "data.kinds": "tasks.kinds",
    "data.labels": "tasks.labels",
    "data.metrics": "metrics",
    "data.panel": "panels.panel",
    "data.panel_arrays": "panels.arrays",
    "data.panel_table": "panels.read",
    "data.panels.assembly": "panels.assembly",
    "data.panels.cells": "tables.cells",
    "data.panels.choice": "panels.choice",
    "data.panels.clean": "panels.clean",
    "data.panels.header": "panels.header",
    "data.panels.known": "panels.known",
    "data.panels.load": "panels.load",
    "data.panels.long": "panels.layouts.long",
    "data.panels.long_value": "panels.long_value",
    "data.panels.pubchem": "panels.layouts.pubchem",
    "data.panels.reading": "panels.reading",
    "data.panels.row_log": "panels.row_log",
    "data.panels.schema": "panels.schema",
    "data.panels.source": "panels.source",
    "data.panels.structures": "panels.structures",
    "data.panels.tall": "panels.finish",
    "data.panels.wide": "panels.layouts.wide",
    "data.readers": "tables",
    "data.readers.base": "tables.records",
    "data.readers.bounded_rows": "tables.bounded_rows",
    "data.readers.columns": "tables.columns",
    "data.readers.detection": "tables.detection",
    "data.readers.odd_bytes": "tables.odd_bytes",
    "data.readers.parquet": "tables.formats.parquet",
    "data.readers.reading": "tables.reading",
    "data.readers.sdf": "tables.formats.sdf",
    "data.readers.smi": "tables.formats.smi",
    "data.readers.source": "tables.stream",
    "data.readers.table": "tables.formats.delimited",
    "data.recipe_check": "datasets.recipe_check",
    "data.recipes": "datasets.recipes",
    "data.replicates": "panels.replicates",
    "data.splits": "splits",
    "data.splits.dates": "tables.dates",
    "data.standardisation": "tasks.target_scaling",
    "data.table": "tables.table",
    "data.units": "tasks.units",
    "nn.coding.quantise": "nn.coding.quantize",
    "nn.description": "models.folder_checks",
    "nn.diagnostics": "models.diagnostics",
    "nn.evaluation": "models.evaluation",
    "nn.export": "models.export",
    "nn.folder": "models.folder",
    "nn.mmoeex": "nn.architectures.mmoeex",
    "nn.model": "models.model",
    "nn.networks": "nn.architectures.base",
    "nn.panel_inputs": "models.panel_inputs",
    "nn.pending": "models.loading",
    "nn.plugin_kinds": "models.plugin_kinds",
    "nn.reparameterised": "nn.reparameterized",
    "nn.rivals": "nn.architectures.baselines",
    "nn.scaling": "models.scaling",
    "nn.shipped": "models.shipped",
    "nn.stacking.penalised": "nn.stacking.penalized",
    "nn.training_molecules": "models.training_molecules",
    "nn.weights_file": "models.weights_file",
}
# What packages that are gone, or that stand for less now, exported.
EXPORTED = {
    "data": (
        "panels.NOT_MEASURED",
        "panels.Panel",
        "splits.Split",
        "splits.SplitConfig",
        "splits.split",
        "tasks.Binary",
        "tasks.Censored",
        "tasks.Multiclass",
        "tasks.Ordinal",
        "tasks.Regression",
        "tasks.TaskKind",
        "tasks.task_kinds",
    ),
    "data.panels": (),
    "nn.ensemble": (
        "models.join.join",
        "nn.architectures.ensemble.Ensemble",
        "nn.architectures.ensemble.EnsembleConfig",
    ),
}


def new_name(name: str) -> str | None:
    """Today's name of a module of version 0.1 that moved, or None. Names are without the package.

    Examples
    --------
    >>> new_name("data.splits.random")
    'splits.random'
    >>> new_name("chem.molecule") is None
    True
    """
    if name in MOVED:
        return MOVED[name]
    package, _, last = name.rpartition(".")
    above = new_name(package) if package else None
    return f"{above}.{last}" if above else None


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        package, _, inner = name.partition(".")
        if package != PACKAGE or not (inner in EXPORTED or new_name(inner)):
            return None
        return ModuleSpec(name, _Alias(inner), is_package=True)


class _Alias(Loader):
    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        if self._name in EXPORTED:
            return None
        new = f"{PACKAGE}.{new_name(self._name)}"
        _warn(self._name, new)
        module = import_module(new)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        if self._name not in EXPORTED:
            module.__spec__ = self._spec  # the machinery has just put the alias's in its place
            return
        homes = {home.rpartition(".")[2]: home for home in EXPORTED[self._name]}
        module.__getattr__ = _getter(self._name, homes)  # type: ignore[method-assign]


def _getter(package: str, homes: dict[str, str]) -> Any:
    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module '{PACKAGE}.{package}' has no attribute {name!r}")
        _warn(f"{package}.{name}", f"{PACKAGE}.{homes[name]}")
        home = homes[name].rpartition(".")[0]
        return getattr(import_module(f"{PACKAGE}.{home}"), name)

    return find


def _warn(old: str, new: str) -> None:
    message = f"{PACKAGE}.{old} is {new} now; the old name goes with the next release"
    warnings.warn(message, DeprecationWarning, stacklevel=3)


def install() -> None:
    """Let the old names be imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())  # before the one that would load a file a second time
