"""The base of every configuration: frozen, typed, and strict about unknown keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.renamed import under_new_names

ConfigT = TypeVar("ConfigT", bound="Config")
Held = TypeVar("Held", covariant=True)
Given = TypeVar("Given", contravariant=True)

_SHOWN = 20
TODAY = {"names": "today"}
"""Context in which ``model_dump`` has no former names, which files still have."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A closing phrase for an error message: the nearest known word, or the first ones."""
    known = sorted(known)
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"known: {', '.join(known[:_SHOWN])}{more}"


class Config(BaseModel):
    """Frozen settings that reject unknown keys with a suggestion.

    Examples
    --------
    >>> class Depth(Config):
    ...     layers: int = 1
    >>> Depth.of({"layer": 2})
    Traceback (most recent call last):
    bioassay_mtl.errors.ConfigError: Depth: unknown key 'layer' (did you mean 'layers'?)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
    former_names: ClassVar[Mapping[str, str]] = {}
    """Names of fields by those of version 0.1, which are read, and written, for one release."""

    @model_validator(mode="before")
    @classmethod
    def _suggest_known_keys(cls, values: Any) -> Any:
        if isinstance(values, dict):
            values = under_new_names(values, cls.former_names)
            names = {field.alias or name for name, field in cls.model_fields.items()}
            for key in values:
                if key not in names and key not in cls.model_fields:
                    raise ConfigError(
                        f"{cls.__name__}: unknown key {key!r} ({did_you_mean(str(key), names)})"
                    )
        return values

    @model_serializer(mode="wrap")
    def _named(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        written = handler(self)
        if info.context == TODAY:
            return written
        former = {today: name for name, today in self.former_names.items()}
        return {former.get(name, name): value for name, value in written.items()}

    def __init__(self, **values: Any) -> None:
        with _readable(type(self).__name__):
            super().__init__(**values)

    # Tells pydantic to pass by it in settings within settings, whose faults keep their whole path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def of(cls: type[ConfigT], values: Any) -> ConfigT:
        """Validate a plain mapping; every fault becomes one readable :class:`ConfigError`."""
        with _readable(cls.__name__):
            return cls.model_validate(values)


if TYPE_CHECKING:

    class Setting(Generic[Held, Given]):
        """Type of a field that holds one thing and may be given as another, to be validated.

        Type checkers take what the field is given as from ``__set__``; pydantic sees ``Held``.
        """

        def __get__(self, owner: object, kind: type | None = None) -> Held: ...
        def __set__(self, owner: object, value: Given) -> None: ...

else:

    class Setting:
        def __class_getitem__(cls, types: tuple[Any, Any]) -> Any:
            return types[0]


def given_as(value: Any) -> Any:
    """The default of a field, validated as if a user had given it."""
    return Field(default=value, validate_default=True)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or name}: {fault['msg']}"
            f" (found {fault['input']!r})"
            for fault in error.errors()
        )
        raise ConfigError(f"{name}: {faults}") from None
