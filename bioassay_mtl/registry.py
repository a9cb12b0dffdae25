"""Named choices (a fingerprint, a gate, a split) without if-chains, open to other packages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeVar

from bioassay_mtl.config import Config, ConfigT, did_you_mean
from bioassay_mtl.errors import ConfigError, PluginError
from bioassay_mtl.plugins import GUIDE, PREFIX, Plugin, forget_installed, installed

T = TypeVar("T")
logger = logging.getLogger(__name__)

open_registries: dict[str, Registry[Any]] = {}
"""Registries that other packages can add to, by their group of entry points."""


class Registry(Mapping[str, T]):
    """A read-only mapping from a name to what it stands for, filled by a decorator.

    A registry with a group has the plug-ins of installed packages too. One is imported when its
    name is asked for, or all names are gone through; a name that is built in is never a plug-in's.

    Parameters
    ----------
    kind
        Name of its entries, for messages ("fingerprint", "gate").
    group
        Group of entry points, without the prefix ``bioassay_mtl.``; empty for none.
    accept
        Map from a name and what its entry point leads to, to the entry; raises TypeError where that
        is none.
    homes
        The module of each built-in entry, imported when its name is asked for: for entries that
        take long to import, or whose modules need this one.
    former_names
        Names of today by those of version 0.1, which settings may have for one release.
    """

    def __init__(
        self,
        kind: str,
        group: str = "",
        accept: Callable[[str, Any], Any] | None = None,
        homes: Mapping[str, str] = MappingProxyType({}),
        former_names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.kind = kind
        self._homes = homes
        self._former_names = former_names
        self.group = group and PREFIX + group
        self._accept = accept
        self._entries: dict[str, T] = {}
        self._plugins: dict[str, Plugin] = {}
        self._told: set[str] = set()
        if group:
            open_registries[self.group] = self

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator: ``@fingerprints.register("morgan")``."""

        def add(entry: T) -> T:
            late = name in self._plugins and _home(entry).startswith(PREFIX)
            if self._entries.get(name, entry) is not entry and not late:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        if not isinstance(name, str) or not (name in self._entries or self._found(name)):
            raise ConfigError(
                f"unknown {self.kind} {name!r} ({did_you_mean(str(name), self.names())})"
            )
        return self._entries[name]

    def today(self, name: Any) -> Any:
        """The name of today, where this is a former one; otherwise the name itself."""
        return self._former_names.get(name, name) if isinstance(name, str) else name

    def known(self, name: str) -> str:
        """The name itself, if there is an entry of that name: a validator of settings."""
        self[name]
        return name

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, str) and (name in self._entries or self._found(name))
        except PluginError as error:
            self._tell(str(error))
            return False

    def __iter__(self) -> Iterator[str]:
        self._load_all()
        return iter(list(self._entries))

    def __len__(self) -> int:
        self._load_all()
        return len(self._entries)

    def names(self) -> set[str]:
        """All names, of plug-ins that are not imported yet too."""
        return {*self._entries, *self._homes, *(plugin.name for plugin in self._installed())}

    def offers(self, name: str) -> bool:
        """Whether there is an entry, or a plug-in, of a name; nothing is imported."""
        return name in self._entries or name in self._homes or bool(self._named(name))

    def loaded(self) -> tuple[T, ...]:
        """Entries that are there already."""
        return tuple(self._entries.values())

    def plugin(self, name: str) -> Plugin | None:
        """Plug-in that brings an entry; None for one of this package or of the caller's code."""
        if name not in self or self.is_built_in(name):
            return None
        return self._plugins.get(name) or next(iter(self._named(name)), None)

    def is_shared(self, name: str) -> bool:
        """Whether other processes know an entry, too."""
        return name in self and (self.is_built_in(name) or self.plugin(name) is not None)

    def check_shared(self, name: str) -> None:
        """Make sure that other processes know an entry, too.

        Raises
        ------
        ConfigError
            It was registered by code that this process alone has run.
        """
        if not self.is_shared(name):
            raise ConfigError(
                f"{self.kind} {name!r} is known to this process alone, for {_home(self[name])} "
                f"registered it, and other processes do not: use one process, or install it as a "
                f"plug-in (an entry point {name!r} in the group {self.group!r}: see {GUIDE})"
            )

    def faults(self) -> list[str]:
        """Faults of the names of plug-ins; nothing is imported."""
        names = [plugin.name for plugin in self._installed()]
        return [
            *(
                f"{plugin} is left out: {self.kind} {plugin.name!r} is built in"
                for plugin in self._installed()
                if plugin.name in self._homes
                or (plugin.name in self._entries and self.is_built_in(plugin.name))
            ),
            *(str(self._ambiguous(name)) for name in dict.fromkeys(names) if names.count(name) > 1),
        ]

    def _found(self, name: str) -> bool:
        """Import what is built in under a name, or the plug-in of it, if there is one."""
        if name in self._homes:
            import_module(self._homes[name])
            return name in self._entries
        plugins = self._named(name)
        if len(plugins) > 1:
            raise self._ambiguous(name)
        for plugin in plugins:
            self._load(plugin)
        return bool(plugins)

    def _load(self, plugin: Plugin) -> None:
        found = plugin.load()
        try:
            entry = found if self._accept is None else self._accept(plugin.name, found)
        except TypeError as error:
            raise PluginError(f"{plugin} is no {self.kind}: {error}") from None
        self._entries[plugin.name], self._plugins[plugin.name] = entry, plugin

    def _load_all(self) -> None:
        """Import all entries; a plug-in that cannot be used is told of once, and left out."""
        for home in self._homes.values():
            import_module(home)
        for fault in self.faults():
            self._tell(fault)
        for plugin in self._installed():
            if plugin.name not in self._entries and str(plugin) not in self._told:
                try:
                    self._found(plugin.name)
                except PluginError as error:
                    self._told.add(str(plugin))
                    self._tell(str(error))

    def _tell(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            logger.warning("%s", fault)

    def _named(self, name: str) -> list[Plugin]:
        if not any(plugin.name == name for plugin in self._installed()):
            forget_installed()  # it may have come meanwhile
        return [plugin for plugin in self._installed() if plugin.name == name]

    def _installed(self) -> tuple[Plugin, ...]:
        return installed(self.group) if self.group else ()

    def is_built_in(self, name: str) -> bool:
        return _home(self._entries[name]).startswith(PREFIX)

    def _ambiguous(self, name: str) -> PluginError:
        several = [str(plugin) for plugin in self._installed() if plugin.name == name]
        return PluginError(
            f"{self.kind} {name!r} is brought by several packages, and none of them is used: "
            f"{', '.join(several)}; uninstall all but one"
        )


def _home(entry: Any) -> str:
    """The module that an entry comes from."""
    return str(getattr(entry, "__module__", None) or PREFIX)


def tell_faults() -> None:
    """Warn of plug-ins whose names are taken, each once; nothing is imported."""
    for registry in open_registries.values():
        for fault in registry.faults():
            registry._tell(fault)


def kinds_in(settings: Any) -> Iterator[tuple[Registry[Any], str]]:
    """The entries of open registries that some settings name, however deep within.

    Parameters
    ----------
    settings
        A configuration, or tuples, lists or mappings of such.
    """
    if isinstance(settings, Mapping):
        settings = tuple(settings.values())
    if isinstance(settings, tuple | list):
        for each in settings:
            yield from kinds_in(each)
    if not isinstance(settings, Config):
        return
    for registry in open_registries.values():
        for name, entry in list(registry._entries.items()):
            if getattr(entry, "config_class", entry) is type(settings):
                yield registry, name
    for name, setting in type(settings).model_fields.items():
        for rule in setting.metadata:
            names = getattr(getattr(rule, "func", None), "__self__", None)
            if isinstance(names, Registry) and names.group:  # its validator is `known`
                yield names, getattr(settings, name)
        yield from kinds_in(getattr(settings, name))


def check_shared(settings: Any) -> None:
    """Make sure that other processes know all kinds in some settings, as for one of them."""
    for registry, name in kinds_in(settings):
        registry.check_shared(name)


def settings_of(
    kinds: Registry[type[ConfigT]], values: str | Mapping[str, Any] | ConfigT, default: str
) -> ConfigT:
    """Settings of one of several kinds: by its name, or by a mapping with its ``kind``.

    Parameters
    ----------
    kinds
        Classes of settings by name.
    values
        Settings that were given; those that are made already are returned.
    default
        The kind of a mapping without one.
    """
    if isinstance(values, str):
        values = {"kind": values}
    if isinstance(values, Mapping):
        kind = kinds.today(values.get("kind", default))
        return kinds[kind].of({**values, "kind": kind} if "kind" in values else dict(values))
    if isinstance(values, kinds.loaded()) or _is_of_plugin(kinds, values):
        return values
    raise ConfigError(f"{kinds.kind}: a name or settings by name are expected, found {values!r}")


def _is_of_plugin(kinds: Registry[type[ConfigT]], values: ConfigT) -> bool:
    """Whether these are settings of a kind that was imported, but not asked for by name yet."""
    name = getattr(values, "kind", None)
    return name in kinds and isinstance(values, kinds[str(name)])


def class_of(base: str, *, settings: bool = False) -> Callable[[str, Any], Any]:
    """Check of what a registry of classes accepts.

    Parameters
    ----------
    base
        The class that all entries inherit from, as ``module:Class`` of this package.
    settings
        Whether an entry names the class of its settings, ``config_class``.
    """

    def accept(name: str, found: Any) -> Any:
        from pkgutil import resolve_name

        if not (isinstance(found, type) and issubclass(found, resolve_name(base))):
            raise TypeError(f"a subclass of {base.replace(':', '.')} is expected, found {found!r}")
        of = getattr(found, "config_class", None) if settings else found
        if settings and not (isinstance(of, type) and issubclass(of, Config)):
            raise TypeError(f"config_class, a subclass of Config, is expected, found {of!r}")
        _check_kind(name, of)
        return found

    return accept


def _check_kind(name: str, settings: Any) -> None:
    """Settings must carry the name that they are found by."""
    if isinstance(settings, type) and issubclass(settings, Config):
        default = settings.model_fields["kind"].default if "kind" in settings.model_fields else None
        if default != name:
            raise TypeError(
                f"its settings need a field kind: Literal[{name!r}] = {name!r}, found {default!r}"
            )


def function(name: str, found: Any) -> Any:
    """Check of what a registry of functions accepts."""
    if not callable(found) or isinstance(found, type):
        raise TypeError(f"a function is expected, found {found!r}")
    return found
