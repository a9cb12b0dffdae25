"""Named choices (a fingerprint, a gate, a split) without if-chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from bioassay_mtl.config import ConfigT, did_you_mean
from bioassay_mtl.errors import ConfigError

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """A read-only mapping from a name to what it stands for, filled by a decorator.

    Parameters
    ----------
    kind
        What the entries are, for messages ("fingerprint", "gate").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: ``@fingerprints.register("morgan")``."""

        def add(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        if name not in self:
            raise ConfigError(f"unknown {self.kind} {name!r} ({did_you_mean(str(name), self)})")
        return self._entries[name]

    def known(self, name: str) -> str:
        """The name itself, if there is an entry of that name: a validator of settings."""
        self[name]
        return name

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def settings_of(
    kinds: Registry[type[ConfigT]], values: str | Mapping[str, Any] | ConfigT, default: str
) -> ConfigT:
    """Settings of one of several kinds: by its name, or by a mapping with its ``kind``.

    Parameters
    ----------
    kinds
        Classes of settings by name.
    values
        What was given; settings that are made already are returned.
    default
        The kind of a mapping without one.
    """
    if isinstance(values, str):
        values = {"kind": values}
    if isinstance(values, Mapping):
        return kinds[values.get("kind", default)].of(dict(values))
    if isinstance(values, tuple(kinds.values())):
        return values
    raise ConfigError(f"{kinds.kind}: a name or settings by name are expected, found {values!r}")
