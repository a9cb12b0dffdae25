"""Units of measured values, and pActivity of concentrations.

pActivity is minus the decimal logarithm of a molar concentration: 10 nM is 8. As it turns the
order round, a value *above* a concentration is *below* its p-value.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

MOLAR = {"M": 1.0, "mM": 1e-3, "uM": 1e-6, "nM": 1e-9, "pM": 1e-12, "fM": 1e-15}
"""Molar concentrations by symbol, in mol/L."""

BY_MASS = ("ug/mL", "ng/mL", "mg/mL", "mg/L")
"""Concentrations by mass."""

P_SCALE = "p"
"""Unit of a pActivity value."""

_NAMES = {
    "molar": "M",
    "millimolar": "mM",
    "micromolar": "uM",
    "nanomolar": "nM",
    "picomolar": "pM",
    "femtomolar": "fM",
    "mol/l": "M",
    "mmol/l": "mM",
    "umol/l": "uM",
    "nmol/l": "nM",
    "pmol/l": "pM",
    "percent": "%",
    "ug/ml": "ug/mL",
    "ng/ml": "ng/mL",
    "mg/ml": "mg/mL",
    "mg/l": "mg/L",
    "mg/kg": "mg/kg",
    "%": "%",
}
_LOOSE = {"fm": "fM", "pm": "pM", "nm": "nM", "um": "uM", "mm": "mM"}
# The micro sign and the Greek letter look the same.
_MICRO = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})
_AT_END = re.compile(r"[\s_]*[\[(]\s*([^\[\]()]+?)\s*[\])]\s*$|[\s_.]([^\s_.]+)$")
_BRACKETED = re.compile(r"[\s_]*[\[(]\s*(?:in\s+)?([^\[\]()]+?)\s*[\])]")
_WITH_TYPE = re.compile(r"[\s_]*[\[(]\s*([^\[\](),;]+?)\s*[,;]\s*([^\[\](),;]+?)\s*[\])]\s*$")
_OF_MEAN = re.compile(
    r"[\s_.](mean|avg|average|median|geomean|mittel(?:wert)?|[\[(]?n\s*=\s*\d+[\])]?)$",
    re.IGNORECASE,
)
# A number of the type itself or of a replicate: IC 50, IC50_1.
_TYPE_NUMBER = re.compile(
    r"(?:^|[^A-Za-z])p?(?:(?:ic|ec|ac|gi|cc|lc|xc|tc|dc|ed|ld|td)[\s_-]?\d{2}|k[idbam])"
    r"(?:[\s_-]\d)?\s*$|\bph[\s_]?\d+(?:\.\d+)?\s*$",
    re.IGNORECASE,
)
_VALUE_WORD = re.compile(r"(?<=\w)[\s_-]+(?:value|val|wert|valeur)s?$", re.IGNORECASE)
_TESTED_AT = re.compile(r"(?:^|[^A-Za-z0-9])\d+(?:\.\d+)?\s*$")
_LOGARITHM = re.compile(
    r"(?:^|[\s_.-])(?:-|neg|minus)?[\s_.-]?log(?:10)?[\s_.(-]*[A-Za-z]", re.IGNORECASE
)
_P_WORD = re.compile(r"p(?:chembl|activity|potency|[xieagl]c50|[gte]d?[id]?50|k[idb])")
_P_NAME = re.compile(r"p(value|chembl(value)?|activity|potency|[xieagl]c50|[gte]d?[id]?50|k[idb])")


def known_unit(text: str) -> str | None:
    """The usual symbol of a unit, or None where the text is no unit that is known.

    Case tells mM from MM in symbols, and does not matter in names.

    Examples
    --------
    >>> known_unit("µM"), known_unit("NANOMOLAR"), known_unit("apples")
    ('uM', 'nM', None)
    """
    symbol = text.strip().translate(_MICRO)
    return symbol if symbol in MOLAR else _NAMES.get(symbol.casefold())


def concentration_unit(text: str) -> str | None:
    """The symbol of a unit among concentrations, where ``nm`` can only be nM.

    Examples
    --------
    >>> concentration_unit("nm"), concentration_unit("UM"), concentration_unit("M")
    ('nM', 'uM', 'M')
    """
    return known_unit(text) or _LOOSE.get(text.strip().translate(_MICRO).casefold())


def unit_in_name(name: str, loose: bool = False) -> tuple[str, str]:
    """A column's name without the unit at its end, and the unit (empty where there is none).

    A unit behind a number is that of the concentration tested, not of the values:
    ``inhibition at 10 uM`` has none.

    Parameters
    ----------
    loose
        The column holds concentrations: ``nm`` is nM.

    Examples
    --------
    >>> unit_in_name("IC50 (nM)"), unit_in_name("value_nM"), unit_in_name("Ki")
    (('IC50', 'nM'), ('value', 'nM'), ('Ki', ''))
    """
    mean = _OF_MEAN.search(name)
    if mean is not None:
        bare, of_mean = unit_in_name(name[: mean.start()], loose)
        return (f"{bare} {mean[1]}", of_mean) if of_mean else (name, "")
    known = concentration_unit if loose else known_unit
    found = _AT_END.search(name)
    if found is not None and not _is_tested_at(name[: found.start()]):
        unit = known(re.sub(r"^in\s+", "", found[1] or found[2]))
        if unit:
            return re.sub(r"[\s,;:]+(in)?\s*$", "", name[: found.start()]), unit
    typed = _WITH_TYPE.search(name)  # HeLa (IC50, nM)
    if typed is not None and (unit := known(typed[2])):
        return f"{name[: typed.start()]} {typed[1]}".strip(), unit
    for inner in _BRACKETED.finditer(name):  # IC50 (nM) EGFR
        before, behind = name[: inner.start()], name[inner.end() :]
        if behind.strip() and before and not _is_tested_at(before) and (unit := known(inner[1])):
            return f"{before} {behind.strip(' _')}", unit
    return name, ""


def _is_tested_at(before: str) -> bool:
    """Whether a unit that follows is of a number, as of ``inhibition at 10``."""
    return bool(_TESTED_AT.search(before)) and not _TYPE_NUMBER.search(before)


def says_p_scale(name: str) -> bool:
    """Whether a column's name is one of a pActivity (pIC50, pchembl_value, pvalue, ...)."""
    words = re.split(r"[\W_]+", name.casefold())
    return bool(_P_NAME.match(re.sub(r"[\s_-]", "", name).casefold())) or any(
        _P_WORD.fullmatch(word) for word in words
    )


def says_logarithm(name: str) -> bool:
    """Whether a column's name is one of logarithms, such as ``Log AC50``."""
    return says_p_scale(name) or bool(_LOGARITHM.search(name))


def p_name(name: str) -> str:
    """Name of a column as a pActivity: ``IC50 (nM)`` becomes ``pIC50``."""
    return "p" + _VALUE_WORD.sub("", unit_in_name(name, loose=True)[0])


def to_p_scale(values: NDArray[np.float64], unit: str) -> NDArray[np.float64]:
    """Minus the decimal logarithm of concentrations in mol/L; NaN where not above zero.

    Parameters
    ----------
    values
        Concentrations in `unit`; NaN where not measured.
    unit
        A key of `MOLAR`.
    """
    positive = np.where(values > 0, values, np.nan)
    result: NDArray[np.float64] = -np.log10(positive) - np.log10(MOLAR[unit])
    return result
