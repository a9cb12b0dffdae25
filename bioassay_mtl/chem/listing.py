"""Structures as callers hold them: lists, arrays, columns of tables, RDKit molecules."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rdkit.Chem import Mol, MolToSmiles

from bioassay_mtl.errors import ConfigError, InputError

if TYPE_CHECKING:
    import pandas as pd

_ACCEPTED = (
    "a list, a pandas or polars Series, a one-dimensional numpy or pyarrow array of SMILES or of "
    "RDKit molecules"
)


def listed(structures: Any) -> list[Any]:
    """The structures, one by one and in order: SMILES, whatever they came in.

    Parameters
    ----------
    structures
        n SMILES or RDKit molecules: any iterable that has an order, a Series of pandas or polars,
        an array ``(n,)`` of numpy or pyarrow. A missing value (None, NaN) stays one.

    Returns
    -------
    n texts; what is neither a text nor a molecule stays as it is, and gets a status later.

    Raises
    ------
    ConfigError
        A single text or molecule, a table, a mapping, a set, or an array of another shape.
    """
    if isinstance(structures, str | bytes | Mol):
        raise ConfigError(
            f"a list of SMILES is expected, found one {_kind_of(structures)}: put it in [ ]"
        )
    if isinstance(structures, Mapping) or hasattr(structures, "columns"):
        raise ConfigError('a list of SMILES is expected, found a table: pass table["smiles"]')
    shape = getattr(structures, "shape", None)
    if shape is not None and len(shape) != 1:
        raise ConfigError(
            f"one SMILES for each molecule is expected, found an array of shape {tuple(shape)}; "
            "features made beforehand go to predict_features"
        )
    if isinstance(structures, set | frozenset) or not isinstance(structures, Iterable):
        raise ConfigError(f"{_ACCEPTED} is expected, found {_kind_of(structures)}")
    # pyarrow's scalars are no texts: its arrays, as those of numpy, know how to become a list.
    to_list = getattr(structures, "to_pylist", None) or getattr(structures, "tolist", None)
    return [_text(cell) for cell in (to_list() if to_list else structures)]


def index_of(structures: Any) -> pd.Index[Any] | None:
    """The labels of the rows of a Series of pandas; None for all else, which has none."""
    pandas = sys.modules.get("pandas")  # whoever holds a Series has imported it
    if pandas is None or not isinstance(structures, pandas.Series | pandas.DataFrame):
        return None
    index: pd.Index[Any] = structures.index
    return index


def check_aligned(structures: Any, other: Any, what: str) -> None:
    """See that two tables of pandas have the same rows in the same order.

    Raises
    ------
    InputError
        They are labeled otherwise: joined by position, molecules would get each other's values.
    """
    first, second = index_of(structures), index_of(other)
    if first is None or second is None or first.equals(second):
        return
    raise InputError(
        f"{what} and the structures are rows of other tables, or in another order (their indices "
        f"differ): use `.loc[structures.index]`, or `.to_numpy()` where positions are meant"
    )


def _text(cell: Any) -> Any:
    if not isinstance(cell, Mol):
        return cell
    # As it stands: it is parsed again, and canonical numbers would be lost in that.
    return MolToSmiles(cell, canonical=False)


def _kind_of(structures: Any) -> str:
    if isinstance(structures, str):
        return "text"
    return "molecule" if isinstance(structures, Mol) else type(structures).__name__
