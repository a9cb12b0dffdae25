"""Names within modules as version 0.1 had them, for one release.

Modules that moved are in :mod:`bioassay_mtl.moved`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from bioassay_mtl.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])

FORMER_SPELLING = {"standardise": "standardize"}
"""Options and settings of several classes, by their former names."""

FORMER_KINDS = {"penalised": "penalized"}
"""Kinds of settings, by their former names."""


def under_new_names(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Settings by the names of today.

    Parameters
    ----------
    values
        Settings by name, former or of today.
    names
        Names of today by the former ones.

    Raises
    ------
    ConfigError
        A setting has both of its names.

    Examples
    --------
    >>> under_new_names({"standardise": True, "seed": 1}, FORMER_SPELLING)
    {'standardize': True, 'seed': 1}
    """
    for former, today in names.items():
        if former in values and today in values:
            raise ConfigError(f"{former} is the former name of {today}: give one of them")
    return {names.get(name, name): value for name, value in values.items()}


def under_former_kinds(written: Any) -> Any:
    """Settings as they are written, with the kinds that version 0.1 wrote.

    Examples
    --------
    >>> under_former_kinds({"method": {"kind": "penalized", "strength": 1}})
    {'method': {'kind': 'penalised', 'strength': 1}}
    """
    if isinstance(written, list):
        return [under_former_kinds(each) for each in written]
    if not isinstance(written, Mapping):
        return written
    former = {today: name for name, today in FORMER_KINDS.items()}
    return {
        name: former.get(value, value)
        if name == "kind" and isinstance(value, str)
        else under_former_kinds(value)
        for name, value in written.items()
    }


def keywords(names: Mapping[str, str]) -> Callable[[F], F]:
    """Decorator of functions that take keywords by their former names too, with a warning."""

    def decorate(function: F) -> F:
        @wraps(function)
        def called(*args: Any, **given: Any) -> Any:
            for name in names.keys() & given.keys():
                _warn(f"{function.__qualname__}({name}=)", names[name])
                given = under_new_names(given, names)
            return function(*args, **given)

        return called  # type: ignore[return-value]

    return decorate


def attribute(former: str, today: str) -> Any:
    """A property that reads an attribute by its former name, with a warning."""

    def read(self: Any) -> Any:
        _warn(f"{type(self).__name__}.{former}", today)
        return getattr(self, today)

    return property(read, doc=f"The former name of :attr:`{today}`.")


def in_module(module: str, **names: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module whose members were renamed: names of today by former ones."""

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        _warn(f"{module}.{name}", names[name])
        return getattr(sys.modules[module], names[name])

    return find


def _warn(former: str, today: str) -> None:
    message = f"{former} is {today} now; the old name goes with the next release"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
