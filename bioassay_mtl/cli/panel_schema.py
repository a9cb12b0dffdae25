"""Options of the command line on how to read a panel file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bioassay_mtl.panels.panel import Panel
    from bioassay_mtl.panels.schema import PanelSchema

Tasks = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        metavar="NAME:KIND",
        help="A column that is an assay, and its kind: binary, binary:INACTIVE,ACTIVE (its words), "
        "multiclass, regression, censored, ordinal:low,medium,high (lowest first), or none.",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=NAME",
        help="Column of a table by its role: smiles, id, assay, value, qualifier, unit.",
    ),
]
MinRows = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Only assays of at least N molecules.")
]
ToP = Annotated[
    bool, typer.Option("--to-p", help="Convert concentrations to pActivity (10 nM is 8).")
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="TEXT", help="A cell that says that nothing was measured, as -1 or ?."),
]
Merge = Annotated[
    bool,
    typer.Option("--merge", help="One row for each molecule: the majority or median of its rows."),
]
Standardize = Annotated[
    bool,
    typer.Option("--standardize", help="Strip salts and neutralize molecules before all else."),
]


def schema_of(
    table: str,
    tasks: Sequence[str] | None,
    columns: Sequence[str] | None,
    smiles_column: str | None,
    min_rows: int | None,
    to_p: bool,
    merge: bool,
    standardize: bool,
    id_column: str | None = None,
    table_options: Mapping[str, Any] | None = None,
    missing: Sequence[str] | None = None,
) -> PanelSchema:
    """The schema beside a table, with what the options say instead."""
    from bioassay_mtl.panels.schema import parse_task, roles_of, schema_for

    schema = schema_for(Path(table))
    given = {
        "min_rows": min_rows,
        "to_p": to_p or None,
        "merge": merge or None,
        "standardize": standardize or None,
        "missing": tuple(missing) if missing else None,
    }
    named = {"smiles": smiles_column, "id": id_column}
    roles = {role: name for role, name in named.items() if name is not None}
    changes = {name: value for name, value in given.items() if value is not None}
    return schema.changed(
        **changes,
        **(table_options or {}),
        also={**schema.also, **dict(parse_task(text) for text in tasks or ())},
        columns={**schema.columns.model_dump(), **roles, **roles_of(columns or ())},
    )


def kinds_line(panel: Panel) -> str:
    """One line about a panel: how many molecules, and assays of which kinds."""
    from collections import Counter

    kinds = Counter(kind.kind for kind in panel.kinds)
    found = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    n, t = len(panel), len(panel.tasks)
    return f"{n:,} molecule{'s' * (n != 1)}, {t:,} assay{'s' * (t != 1)} ({found})"
