"""Plan of a data set of parts: settled once, the same for all who write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from bioassay_mtl._version import __version__
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.files import sha256
from bioassay_mtl.models.folder_checks import CONFIG
from bioassay_mtl.remote import facts, is_remote, place
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.writers import Layout
from bioassay_mtl.tables.cutting import portions
from bioassay_mtl.tables.formulas import FormulaGuard
from bioassay_mtl.tables.options import only_table_options
from bioassay_mtl.tables.portion import Portion
from bioassay_mtl.tables.stream import STDIN
from bioassay_mtl.wording import setting

FORMATS = ("parquet", "csv", "tsv", "jsonl")
"""Formats of parts."""

_CALLED = {"annotate": "what stands beside predictions"}
"""Settings in words, where options of other names set them."""

ROWS = 102_400
"""Records of a part: a minute's work of one process."""

_NOT_OF_PARTS = ("top", "select", "long", "new_only", "overwrite")
_OF_THE_RUN = {"workers", "format", *_NOT_OF_PARTS}


class PartsOptions(ScreenOptions):
    """Settings of :func:`~bioassay_mtl.screening.parts.run.screen_parts`.

    The options are those of a screen, less what only all records together can tell: ``top``,
    ``select``, ``long`` and ``new_only`` are for :func:`~bioassay_mtl.screening.parts.merge.merge`.

    Attributes
    ----------
    format
        Format of the parts: ``parquet``, ``csv``, ``tsv`` or ``jsonl``.
    part_rows
        Records of a part.
    """

    format: str | None = "parquet"
    part_rows: int = Field(default=ROWS, ge=1)

    def checked(self) -> PartsOptions:
        """The same; a ConfigError where parts cannot be written so."""
        for name in _NOT_OF_PARTS:
            if getattr(self, name):
                raise ConfigError(
                    f"{setting(name)} cannot be obeyed part by part "
                    + (
                        "(delete the folder, or choose another)"
                        if name == "overwrite"
                        else "(bioassay-mtl merge has it, once the parts are there)"
                    )
                )
        if self.format not in FORMATS:
            raise ConfigError(
                f"{setting('format', str(self.format))}: parts are {', '.join(FORMATS)}"
            )
        return self


class Shard(Config):
    """One of n shares of the parts, counted from 1.

    Examples
    --------
    >>> Shard(index=2, n=3).own(["a", "b", "c", "d", "e"])
    ['b', 'e']
    """

    index: int = Field(default=1, ge=1)
    n: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _within(self) -> Shard:
        if self.index > self.n:
            raise ConfigError(f"shard {self.index} of {self.n}: they count from 1 to {self.n}")
        return self

    def own(self, parts: Sequence[Any]) -> list[Any]:
        """Share of a shard."""
        return [*parts[self.index - 1 :: self.n]]


class InputFile(Config):
    """An input as it was when the data set was begun."""

    path: str
    bytes: int
    modified: int
    """Time of its last change, in nanoseconds since 1970."""

    @property
    def but_for_folder(self) -> tuple[str, int, int]:
        """What is the same of a file by all its paths."""
        return Path(self.path).name, self.bytes, self.modified

    @classmethod
    def of_path(cls, path: str) -> InputFile:
        """Facts of a file as it is now; an InputError where it is no file."""
        if path == STDIN:
            raise InputError("standard input cannot be read again, as a data set of parts needs")
        try:
            found = facts(path)
        except OSError as error:
            raise InputError(f"cannot be read: {error}", file=path) from error
        if found is None:
            there = not is_remote(path) and Path(path).exists()
            again = "this is no file that can be read again, as a data set of parts needs"
            raise InputError(again if there else "no such file", file=path)
        return cls(path=path, **found._asdict())


@dataclass(frozen=True)
class Part(Portion):
    """One part: the records that it is made of, and its file's name without the suffix."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str = ""

    @property
    def file(self) -> str:
        """The input's name as the table has it, whatever bytes it is made of."""
        return self.path.encode("utf-8", "backslashreplace").decode()


class Table(Config):
    """Columns of each part."""

    assays: tuple[str, ...]
    values: tuple[str, ...]
    with_file: bool
    beside: tuple[dict[str, Any], ...] = ()
    lowest: tuple[str, ...] = ()
    knows_training: bool

    @classmethod
    def of_layout(cls, layout: Layout, lowest: Iterable[str], knows_training: bool) -> Table:
        """Columns of a layout; of `lowest` the lowest values are the best."""
        return cls(
            assays=layout.assays,
            values=tuple(sorted(layout.values)),
            with_file=layout.with_file,
            beside=tuple(dict(vars(column)) for column in layout.beside),
            lowest=tuple(sorted(lowest)),
            knows_training=knows_training,
        )

    def layout(self, *, long: bool = False, quote: bool = False) -> Layout:
        """Layout of the columns."""
        return Layout(
            assays=self.assays,
            long=long,
            with_file=self.with_file,
            values=frozenset(self.values),
            guard=FormulaGuard(quote=quote),
            beside=tuple(BesideColumn(**column) for column in self.beside),
            lowest=frozenset(self.lowest),
        )


class Plan(Config):
    """All that decides the bytes of a data set.

    Attributes
    ----------
    format
        Version of this description.
    made_by
        Versions of the packages that decide what is predicted.
    model
        Name of the model, and the SHA-256 of its configuration, which has those of its other files.
    device
        Device that the network runs on.
    options
        Options of the screen, those that decide what is written.
    inputs
        Inputs, in their order.
    table
        Columns of the parts.
    parts
        Parts, in the order of the records.
    """

    format: int = 1
    made_by: dict[str, str]
    model: dict[str, str]
    device: str
    options: dict[str, Any]
    inputs: tuple[InputFile, ...]
    table: Table
    parts: tuple[Part, ...] = ()

    @property
    def suffix(self) -> str:
        """Suffix of the files of parts."""
        return f".{self.options['format']}"

    def cut(self, options: PartsOptions) -> Plan:
        """Plan with its parts; reads the inputs once, to know where records end."""
        table = only_table_options(options)
        found = [p for each in self.inputs for p in portions(each.path, options.part_rows, table)]
        digits = max(5, len(str(len(found))))
        parts = [
            Part(**vars(portion), name=f"part-{number:0{digits}}")
            for number, portion in enumerate(found)
        ]
        return self.model_copy(update={"parts": tuple(parts)})


def plan_of(
    inputs: Sequence[str],
    model_name: str,
    model_folder: Path,
    options: PartsOptions,
    layout: Layout,
    *,
    device: str,
    lowest: Iterable[str],
    knows_training: bool,
) -> Plan:
    """The plan of a data set, but for its parts.

    Raises
    ------
    InputError
        An input is no file, or given twice.
    """
    seen = set[str]()
    for path in inputs:
        try:
            found = place(path)
        except OSError as error:
            raise InputError(f"cannot be read: {error}", file=path) from error
        if found in seen:
            raise InputError("is given twice: its records would be, too", file=path)
        seen.add(found)
    return Plan(
        made_by={"bioassay_mtl": __version__, "rdkit": version("rdkit")},
        model={"name": model_name, "sha256": sha256(model_folder / CONFIG)},
        device=device,
        options=options.model_dump(mode="json", exclude=_OF_THE_RUN) | {"format": options.format},
        inputs=tuple(map(InputFile.of_path, inputs)),
        table=Table.of_layout(layout, lowest, knows_training),
    )


def check_same(found: Plan, wanted: Plan, folder: object) -> None:
    """Raise an OutputError where a data set was begun with anything else."""
    reasons = list(_differences(found, wanted))
    if reasons:
        raise OutputError(
            f"{folder}: was begun otherwise, and its parts would not fit together: "
            f"{'; '.join(reasons)} (do as then, choose another folder, or delete this one)"
        )


def check_unchanged(plan: Plan, path: str) -> None:
    """Raise an InputError where an input is no longer what the data set was begun with."""
    if InputFile.of_path(path) not in plan.inputs:
        raise InputError(
            "has changed while it was read, and its parts would not fit together",
            file=path,
            hint="put back what was there, or screen it into another folder",
        )


def _differences(found: Plan, wanted: Plan) -> Iterator[str]:
    yield from _changed("version of", found.made_by, wanted.made_by)
    if found.model["sha256"] != wanted.model["sha256"]:
        yield (f"model was {_model(found)}, is {_model(wanted)}")
    if found.device != wanted.device:
        yield f"{setting('device')} was {found.device}, is {wanted.device}"
    yield from _changed("", found.options, wanted.options)
    before, now = ({each.path: each for each in plan.inputs} for plan in (found, wanted))
    gone, new = (
        [p for p in one if p not in other] for one, other in ((before, now), (now, before))
    )
    known = {before[path].but_for_folder: path for path in gone}
    moved = {known[fact]: path for path in new if (fact := now[path].but_for_folder) in known}
    yield from (f"input {old} is given as {path} now" for old, path in moved.items())
    yield from (f"input {path} is missing now" for path in gone if path not in moved)
    yield from (f"input {path} is new" for path in new if path not in moved.values())
    for path in (path for path in now if path in before and before[path] != now[path]):
        is_as_long = before[path].bytes == now[path].bytes
        yield f"input {path} has changed" + (", by the time of its last change" * is_as_long)
    if before == now and [*before] != [*now]:
        yield "inputs have another order"
    if found.table != wanted.table:
        yield "columns of the table are others"


def _changed(what: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            named = f"{what} {name}" if what else _CALLED.get(name) or setting(name)
            yield f"{named} was {_shown(before.get(name))}, is {_shown(now.get(name))}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "not given" if value is None else str(value)


def _model(plan: Plan) -> str:
    return f"{plan.model['name']} ({plan.model['sha256'][:12]})"


def rows_before(plan: Plan, rows: Iterable[int | None]) -> dict[str, int]:
    """Records of all inputs before each one, from those of each part; None counts as none."""
    totals = {each.path: 0 for each in plan.inputs}
    for part, n in zip(plan.parts, rows, strict=True):
        totals[part.path] += n or 0
    found, before = {}, 0
    for path, n in totals.items():
        found[path] = before
        before += n
    return found
