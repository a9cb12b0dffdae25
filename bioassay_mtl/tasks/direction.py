"""Whether high or low values of an assay are those of potent molecules, where its type tells.

A concentration at which something happens tells of potency when it is low, its p-value when it is
high. Concentrations that kill (CC50, LC50, TC50, LD50, TD50) are left open: whether these should be
low is another's question, and so is the direction of anything whose type is not known.
"""

from __future__ import annotations

import re
from typing import Literal

from bioassay_mtl.tasks.units import BY_MASS, MOLAR, P_SCALE, says_logarithm, says_p_scale

Direction = Literal["", "high", "low"]

_POTENCY = re.compile(
    r"(?:^|[\W_])p?(?:(?:ic|ec|ac|xc|gi)[\s_-]?50|k[idb]|mic)(?=$|[\W_]|\d)", re.IGNORECASE
)
_HARM = re.compile(r"(?:^|[\W_])p?(?:cc|lc|tc|ld|td|tox)[\s_-]?\d*(?=$|[\W_])", re.IGNORECASE)


def potent_values(name: str, unit: str) -> Direction:
    """``high`` or ``low``, as an assay's name and unit tell; empty where they do not.

    Examples
    --------
    >>> potent_values("pIC50", "p"), potent_values("Ki EGFR", "nM"), potent_values("logD", "")
    ('high', 'low', '')
    """
    if _HARM.search(name):
        return ""
    is_potency = bool(_POTENCY.search(name))
    if unit == P_SCALE or says_p_scale(unit) or (not unit and is_potency and says_p_scale(name)):
        return "high"
    if unit in {*MOLAR, *BY_MASS} and is_potency and not says_logarithm(name):
        return "low"
    return ""
