"""Roles of the columns of a panel file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables.columns import plain, smiles_column_of
from bioassay_mtl.tasks.units import unit_in_name

if TYPE_CHECKING:
    import pyarrow as pa

ASSAY_NAMES = (
    "assay", "assayid", "assaychemblid", "assayname", "endpoint", "endpointname", "task",
    "target", "targetid", "targetchemblid", "targetname", "property", "aid",
)  # fmt: skip
VALUE_NAMES = (
    "pvalue", "pchemblvalue", "pchembl", "pactivity", "pic50", "pki", "pkd", "pec50", "pxc50",
    "value", "standardvalue", "activityvalue", "activity", "measurement", "result", "outcome",
    "label", "y", "wert", "messwert", "ergebnis", "valeur", "resultat", "r\u00e9sultat",
    "resultvalue", "affinityvalue", "pchemblvaluemean", "pchemblvaluemedian", "pactivityvalue",
    "meanvalue", "medianvalue", "affinity",
)  # fmt: skip
QUALIFIER_NAMES = (
    "qualifier", "relation", "standardrelation", "operator", "modifier", "prefix", "censor",
    "sign", "op", "qualifiers", "relationship", "mod", "qual", "symbol", "comparator", "inequality",
    "censoring", "vorzeichen", "operateur", "op\u00e9rateur",
)  # fmt: skip
UNIT_NAMES = (
    "unit", "units", "standardunits", "standardunit", "valueunit", "valueunits", "uom", "einheit",
    "einheiten", "unite", "unit\u00e9", "unit\u00e9s", "unidad",
)  # fmt: skip
TARGET_NAMES = (
    "target", "targetname", "targetprefname", "targetchemblid", "targetid", "protein",
    "proteinname", "proteintarget", "gene", "genesymbol", "genename", "targetgene", "uniprot",
    "uniprotid", "receptor", "kinase", "enzyme", "isoform", "ziel", "zielprotein",
    "cible", "diana", "bersaglio",
)  # fmt: skip
TYPE_NAMES = (
    "standardtype", "activitytype", "measurementtype", "resulttype", "valuetype", "affinitytype",
    "endpointtype", "bioactivitytype", "type", "measure", "parameter", "messgr\u00f6\u00dfe",
    "messgroesse", "messgr\u00f6sse",
)  # fmt: skip


def find(table: pa.Table, wanted: str | None, usual: Sequence[str], path: Path) -> str | None:
    """A column that was asked for, or else the first that has a usual name.

    Raises
    ------
    InputError
        If the table has no column of the name that was asked for.
    """
    names: list[str] = table.column_names
    if wanted is not None:
        require(table, wanted, path)
        return wanted
    # The unit is no part of the name: value_nM is a value.
    by_plain = {plain(unit_in_name(name)[0]): name for name in reversed(names)}
    by_plain |= {plain(name): name for name in reversed(names)}
    return next((by_plain[name] for name in usual if name in by_plain), None)


def require(table: pa.Table, name: str, path: Path) -> None:
    """Raise an InputError unless the table has the column."""
    if name not in table.column_names:
        raise InputError(
            f"no column {name!r} ({did_you_mean(name, table.column_names)})", file=path
        )


def smiles_of(table: pa.Table, wanted: str | None, path: Path) -> str:
    """The SMILES column.

    Raises
    ------
    InputError
        If there is none, or several that hold different molecules.
    """
    if wanted is not None:
        require(table, wanted, path)
        return wanted
    return smiles_column_of(table, path)


def texts(column: pa.ChunkedArray) -> list[str]:
    """A column as texts, an empty one where there is none."""
    import pyarrow as pa

    found: list[str] = column.cast(pa.string()).fill_null("").to_pylist()
    return found


def some(names: Sequence[str], shown: int = 8) -> str:
    """A few names, and how many more there are."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
