"""Settings from a file, changed one by one on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.errors import ConfigError, InputError

if TYPE_CHECKING:
    from bioassay_mtl.training.config import TrainingConfig

Settle = Callable[["TrainingConfig"], "TrainingConfig"]
"""Map from settings that were given to all that are in effect."""

BY_KIND = ("network", "balance", "loss", "sampling")
"""Settings whose kinds have settings of their own, as fingerprints have."""


@dataclass(frozen=True)
class Asked:
    """Settings by a user; some are a change to settings that follow from the panel.

    Parameters
    ----------
    values
        Settings of a file.
    start_from
        Name or folder of a model.
    changes
        Changes such as ``split.seed=3``.
    seed
        Seed of the run, and of the split unless that has its own.
    """

    values: dict[str, Any]
    start_from: str | None
    changes: tuple[str, ...]
    seed: int | None

    def given(self, settle: Settle) -> TrainingConfig:
        """Settings that are given, with what they change of those that `settle` gives."""
        from bioassay_mtl.training.config import TrainingConfig

        values = deepcopy(self.values)
        if self.start_from is not None:  # first, for other settings may change what it brings
            values["start_from"] = self.start_from
        put_all(values, self.changes, settle)
        if self.seed is not None:
            values["seed"] = self.seed
            if isinstance(values.setdefault("split", {}), dict):
                values["split"].setdefault("seed", self.seed)
        return TrainingConfig.of(values)


def asks_for_one_network(changes: Iterable[str]) -> bool:
    """Whether a change is one within a network that is trained as a whole, as of its experts."""
    of_stacked = ("network.members", "network.gate.folds", "network.gate.method")
    return any(
        change.startswith("network.") and not change.startswith(of_stacked) for change in changes
    )


def read_settings(file: str | None) -> dict[str, Any]:
    """A mapping from a YAML or JSON file; none is an empty one."""
    import yaml

    if file is None:
        return {}
    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from error
    except yaml.YAMLError as error:
        raise InputError(f"is neither YAML nor JSON: {error}", file=file) from error
    if not isinstance(values or {}, dict):
        raise InputError(f"must hold settings by name, found a {type(values).__name__}", file=file)
    return values or {}


def put_all(
    values: dict[str, Any], settings: Iterable[str], settle: Settle = lambda given: given
) -> None:
    """Enter changes such as ``split.seed=3`` into nested settings; values are read as YAML.

    A change within the network or the fingerprints applies to those that the settings hold or, if
    they hold none, to those that `settle` gives. Elements of a list go by their index, from 0.
    Another ``kind`` of something starts from that kind's defaults. ``inputs`` is another name of
    ``fingerprints``, here and in the settings.
    """
    if "inputs" in values and "fingerprints" not in values:
        values["fingerprints"] = values.pop("inputs")
    # Kinds and whole settings come first, for they sweep away what is within; the network comes
    # last, for the default one depends on the fingerprints.
    changes = [_parse(setting) for setting in settings]
    changes.sort(key=lambda change: (change[1][0] == "network", _is_within(change[1])))
    for setting, path, value in changes:
        if path[0] in ("network", "fingerprints") and len(path) > 1 and values.get(path[0]) is None:
            values[path[0]] = _default(path[0], values, settle)
        try:
            _put(values, path, value)
        except LookupError as error:
            raise ConfigError(f"--set {setting}: {error.args[0]}") from None


def _parse(setting: str) -> tuple[str, list[str], Any]:
    import yaml

    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set needs KEY=VALUE, found {setting!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {setting}: the value is no YAML: {error}") from error
    first, *rest = key.split(".")
    return setting, ["fingerprints" if first == "inputs" else first, *rest], value


def _is_within(path: list[str]) -> bool:
    return len(path) > 1 and path[-1] != "kind"


def _default(name: str, values: dict[str, Any], settle: Settle) -> Any:
    """The default of one of the settings, as it is for the others that were given."""
    from bioassay_mtl.training.config import TrainingConfig

    given = {key: values[key] for key in ("fingerprints", "start_from") if values.get(key)}
    return settle(TrainingConfig.of(given)).model_dump(mode="json")[name]


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    """Enter a value at a path; raises LookupError where there is nothing to enter it into."""
    *outer, last = path
    inner: Any = values
    for depth, name in enumerate(outer):
        if depth == 0 and name in BY_KIND and isinstance(inner.get(name), str):
            inner[name] = {"kind": inner[name]}  # its short form
        if isinstance(inner, list):
            inner = inner[_position(inner, name)]
        else:
            if inner.get(name) is None:
                inner[name] = {}
            inner = inner[name]
        if not isinstance(inner, dict | list):
            raise LookupError(f"{name!r} holds no further settings")
    if isinstance(inner, list):
        inner[_position(inner, last)] = value
        return
    if last == "kind" and inner.get("kind", value) != value and _is_chosen_by_kind(outer):
        inner.clear()
    inner[last] = value


def _is_chosen_by_kind(path: list[str]) -> bool:
    if path[0] == "network" and len(path) in (2, 3):  # a group of experts, alone or of several
        return path[1] in ("experts", "bottom")
    if len(path) == 2:
        return path[0] == "fingerprints"
    return len(path) == 1 and path[0] in BY_KIND


def _position(elements: list[Any], name: str) -> int:
    if not name.isdecimal() or int(name) >= len(elements):
        raise LookupError(
            f"{name!r} is no element of a list of {len(elements)}, which count from 0"
        )
    return int(name)
