"""The columns of molecules, and the record of columns that no layout needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.panels.beside import Companions
from bioassay_mtl.panels.decisions import ColumnDecision, Role
from bioassay_mtl.panels.header import find, smiles_of
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tables.columns import ID_NAMES

if TYPE_CHECKING:
    import pyarrow as pa


def molecule_columns(
    table: pa.Table, path: Path, schema: PanelSchema, log: RowLog, also: Sequence[str] = ()
) -> tuple[str, str | None]:
    """The columns of SMILES and of names; `also` are further names of the latter.

    Raises
    ------
    InputError
        If there are no SMILES, or a column that was asked for is not there.
    """
    roles = schema.columns
    smiles = smiles_of(table, roles.smiles, path)
    identity = find(table, roles.id, (*ID_NAMES, *also), path)
    identity = None if identity == smiles else identity
    for role, name, asked in ((Role.SMILES, smiles, roles.smiles), (Role.ID, identity, roles.id)):
        if name is not None:
            log.columns.append(
                ColumnDecision(name, role, "", "as asked" if asked else "by its name")
            )
    return smiles, identity


def record_rest(table: pa.Table, log: RowLog, companions: Companions | None = None) -> None:
    """Record what columns are that nothing was decided of."""
    decided = {decision.column for decision in log.columns}
    for name in table.column_names:
        if name not in decided:
            beside = companions.columns.get(name) if companions is not None else None
            role = Role(beside[0]) if beside else Role.OTHER
            reason = f"of {beside[1]!r}" if beside else "not needed"
            log.columns.append(ColumnDecision(name, role, "", reason))
    order = {name: place for place, name in enumerate(table.column_names)}
    log.columns.sort(key=lambda decision: order.get(decision.column, len(order)))
