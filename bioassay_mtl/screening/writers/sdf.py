"""SD files: a drawing of each molecule with its predictions as properties.

A record that could not be read keeps its place, as a Mol block without atoms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import Columns, Format, Layout, formats
from bioassay_mtl.screening.writers.rows import columns_of, rows_of

MOST_DRAWN = 250
"""Atoms of a molecule that gets coordinates: those of larger ones are zeros."""

NOTHING = "\n     bioassay-mtl\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n"


class SdfWriter:
    """One record of the file for each record; cells without a value have no property."""

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        if layout.long:
            raise ConfigError(
                "an SD file has a record for each molecule, with a property for each assay: leave "
                "the long layout to tables"
            )
        self.sink, self.layout = sink, layout
        self.columns = columns_of(layout)

    def write(self, batch: ScreenedBatch) -> None:
        for row in rows_of(batch, self.layout):
            self.sink.write(_record(self.columns, row))

    def close(self) -> None:
        pass


def write_table(sink: BinaryIO, columns: Sequence[BesideColumn], parts: Iterable[Columns]) -> None:
    """Rows of a table, each as a record: of a ranked table, a molecule for each of its hits."""
    for part in parts:
        for row in zip(*(part[column.name] for column in columns), strict=True):
            sink.write(_record(columns, row))


def _record(columns: Sequence[BesideColumn], row: Sequence[Any]) -> bytes:
    cells: Mapping[str, Any] = {c.name: v for c, v in zip(columns, row, strict=True)}
    usable = cells.get("status", "ok") == "ok"
    block = mol_block(cells["smiles"] or "", cells.get("id") or "") if usable else NOTHING
    lines = [block.rstrip("\n")]
    for column in columns:
        if (value := cells[column.name]) is not None and value != "":
            lines += [f">  <{_name(column.name)}>", _text(column.shown(value)), ""]
    return ("\n".join([*lines, "$$$$"]) + "\n").encode("utf-8", "backslashreplace")


def mol_block(smiles: str, title: str) -> str:
    """The Mol block of a SMILES, drawn flat; one without atoms where it cannot be read."""
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdDepictor

    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None:
            return NOTHING
        if molecule.GetNumAtoms() <= MOST_DRAWN:
            rdDepictor.Compute2DCoords(molecule)
        molecule.SetProp("_Name", _text(title))
        block: str = Chem.MolToMolBlock(molecule, forceV3000=molecule.GetNumAtoms() > 999)
        return block


def _text(value: str) -> str:
    """A value on one line: an empty line would end it, and ``$$$$`` the record."""
    text = " ".join(value.split())
    return f" {text}" if text.startswith(("$$$$", ">")) else text


def _name(column: str) -> str:
    """A property's name, in which brackets would end it."""
    return _text(column).replace("<", "(").replace(">", ")")


formats.register("sdf")(Format(".sdf", SdfWriter, write_table))
