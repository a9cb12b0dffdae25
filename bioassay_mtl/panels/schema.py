"""Schema of a panel file, where it cannot be, or should not be, found out from the file.

A schema lies beside the table as ``NAME.schema.yaml`` (``panel.yaml`` holds for all tables of its
folder)::

    tasks:                          # all assays; without it they are found by their values
      NR-AR: binary
      toxicity: ordinal:low,medium,high
      IC50: {kind: censored, unit: nM, to_p: true}
    columns: {smiles: SMILES, id: compound}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from bioassay_mtl.chem.molecule import Standardizing
from bioassay_mtl.config import Config, did_you_mean
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.renamed import FORMER_SPELLING, attribute
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tasks.kinds import task_kinds
from bioassay_mtl.wording import setting

NO_TASK = "none"
"""The kind of a column that is no assay."""


class TaskEntry(Config):
    """Knowledge of an assay beforehand.

    Parameters
    ----------
    kind
        A task type, or `NO_TASK`; by default found from the values.
    classes
        Classes of a multiclass or ordinal task, those of an ordinal one in order, the lowest first;
        words of the outcomes of a binary one, inactive first.
    unit
        Unit of the values as they are written.
    to_p
        Convert concentrations to pActivity; by default as the whole schema says.
    qualifier
        Column of the qualifiers; empty text if cells carry their own, and no column beside them is
        one of qualifiers or units.
    """

    kind: str | None = None
    classes: tuple[str, ...] = ()
    unit: str = ""
    to_p: bool | None = None
    qualifier: str | None = None

    @field_validator("classes", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        if not isinstance(given, (list, tuple)):
            return given
        if any(isinstance(name, bool) for name in given):
            raise ConfigError('YAML reads no and yes as booleans: write classes in quotes, as "no"')
        return [str(name) if isinstance(name, (int, float)) else name for name in given]

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str | None) -> str | None:
        return kind if kind is None or kind == NO_TASK else task_kinds.known(kind)


class Roles(Config):
    """Names of the columns that are no assays, or are the parts of a long table."""

    smiles: str | None = None
    id: str | None = None
    assay: str | None = None
    value: str | None = None
    qualifier: str | None = None
    unit: str | None = None


class PanelSchema(TableOptions):
    """Schema of a panel file, with the settings of :class:`TableOptions`.

    Parameters
    ----------
    layout
        ``wide`` (a row a molecule, a column an assay), ``long`` (a row a measurement), ``targets``
        (a column a type of measurement, and one of targets), ``pubchem`` (a data table of an
        assay's page), ``chembl`` or ``bindingdb``; by default found from the header.
    columns
        Columns by their role; by default found by their names.
    qualifier_of
        Whether the qualifiers of a long table are of its value column, or of the concentration
        from which that was computed (then they turn round).
    tasks
        All assays; by default found by their values.
    also
        Assays to add to those found, or what to change of them.
    known
        Facts of assays that may be there.
    missing
        Further texts that say that nothing was measured, such as ``-1``.
    min_rows
        Molecules that an assay must have.
    to_p
        Convert concentrations to pActivity.
    merge
        Make one row of all rows of a molecule, by the rules of
        :mod:`~bioassay_mtl.panels.replicates`, with its first name; other columns stay where they
        say one thing for each molecule, and of dates the earliest. Long and PubChem tables are
        always merged.
    standardize
        Standardize molecules before anything else (:mod:`bioassay_mtl.chem.standardize`), with
        tautomers where it is ``tautomer``.
    """

    layout: str | None = None
    columns: Roles = Roles()
    qualifier_of: Literal["value", "concentration"] | None = None
    tasks: dict[str, TaskEntry] | None = None
    also: dict[str, TaskEntry] = Field(default_factory=dict)
    known: dict[str, TaskEntry] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    min_rows: Annotated[int, Field(ge=1)] = 1
    to_p: bool = False
    merge: bool = False
    standardize: Standardizing = False
    former_names = FORMER_SPELLING
    standardise = attribute("standardise", "standardize")

    @field_validator("layout")
    @classmethod
    def _layout(cls, name: str | None) -> str | None:
        return name if name is None else layouts.known(name)

    @field_validator("tasks", "also", "known", mode="before")
    @classmethod
    def _entries(cls, given: Any) -> Any:
        if isinstance(given, (list, tuple)):
            given = dict.fromkeys(given)
        if not isinstance(given, Mapping):
            return given
        return {str(name): _entry(str(name), value) for name, value in given.items()}

    def entry(self, task: str) -> TaskEntry:
        """Knowledge of one assay."""
        said = self.also.get(task) or (self.tasks or {}).get(task)
        return said or self.known.get(task) or TaskEntry()

    def changed(self, **values: Any) -> PanelSchema:
        """A copy with other values of some fields."""
        return PanelSchema.of({**dict(self), **values})


def _entry(name: str, value: Any) -> Any:
    if value is None:
        return TaskEntry()
    return parse_task(f"{name}:{value}")[1] if isinstance(value, str) else value


def parse_task(text: str) -> tuple[str, TaskEntry]:
    """An assay in one text: ``NAME``, ``NAME:KIND``, ``NAME:KIND:CLASSES`` or ``:UNIT``.

    Examples
    --------
    >>> name, entry = parse_task("tox:ordinal:low,medium,high")
    >>> name, entry.kind, entry.classes
    ('tox', 'ordinal', ('low', 'medium', 'high'))
    """
    known = {*task_kinds, NO_TASK}
    head, colon, last = text.rpartition(":")
    if not colon:
        return text, TaskEntry()
    if last in known:
        return head, TaskEntry(kind=last)
    name, colon, kind = head.rpartition(":")
    if not colon or kind not in known:
        raise ConfigError(f"{text!r}: NAME:KIND is expected ({did_you_mean(last, known)})")
    if kind == "binary":
        words = tuple(part.strip() for part in last.split(","))
        if len(words) != 2 or words[0] == words[1]:
            raise ConfigError(f"{text!r}: binary:INACTIVE,ACTIVE is expected, two different words")
        return name, TaskEntry(kind=kind, classes=words)
    if kind in ("multiclass", "ordinal"):
        classes = tuple(part.strip() for part in last.split(","))
        task_kinds[kind].of({"kind": kind, "classes": classes})  # two different ones, at least
        return name, TaskEntry(kind=kind, classes=classes)
    return name, TaskEntry(kind=kind, unit=last)


def schema_for(table: Path) -> PanelSchema:
    """The schema beside a table, or one that leaves everything to be found out.

    Raises
    ------
    InputError
        If the schema's file cannot be used.
    """
    for path in (table.with_name(f"{stem(table)}.schema.yaml"), table.with_name("panel.yaml")):
        if path.is_file():
            return read_schema(path)
    return PanelSchema()


def read_schema(path: Path) -> PanelSchema:
    """A schema from its file; faults name the file."""
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
        if not isinstance(values, Mapping):
            raise ConfigError(f"settings by name are expected, found {type(values).__name__}")
        return PanelSchema.of({str(name): value for name, value in values.items()})
    except (yaml.YAMLError, UnicodeDecodeError, OSError, ConfigError) as error:
        raise InputError(" ".join(str(error).split()), file=path) from None


def stem(path: Path) -> str:
    """A file's name without what tells its format: ``a.b.csv.gz`` is ``a.b``."""
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return plain.stem


def roles_of(pairs: Iterable[str]) -> dict[str, str]:
    """Columns in texts, ``ROLE=NAME`` each, by role."""
    found = {}
    for pair in pairs:
        role, equals, name = pair.partition("=")
        if not equals or role not in Roles.model_fields:
            near = did_you_mean(role, Roles.model_fields)
            raise ConfigError(f"{setting('columns')} {pair!r}: ROLE=NAME is expected ({near})")
        found[role] = name
    return found
