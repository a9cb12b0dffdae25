"""Structural alerts and simple properties of a molecule: what a chemist asks before buying it.

Alerts are RDKit's catalogs: PAINS (Baell and Holloway 2010, New substructure filters for removal
of pan assay interference compounds), Brenk (Brenk et al. 2008, Lessons learnt from assembling
screening libraries for drug discovery for neglected diseases) and NIH (Jadhav et al. 2010; Doveston
et al. 2015). logP is Crippen's, QED that of Bickerton et al. 2012 (Quantifying the chemical beauty
of drugs).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from bioassay_mtl.chem.molecule import PARSERS, Notation
from bioassay_mtl.chem.status import Status

CATALOGS = {"PAINS": "PAINS", "BRENK": "Brenk", "NIH": "NIH"}
"""RDKit's names of the catalogs of alerts, and what they are called here."""

MOST_ATOMS = 500


class Liabilities(NamedTuple):
    """Liabilities of one molecule.

    Attributes
    ----------
    mw
        Average molecular weight, g/mol.
    logp
        Crippen's.
    tpsa
        Topological polar surface area, square angstroms.
    qed
        Quantitative estimate of drug-likeness, 0 to 1.
    alerts
        ``PAINS: quinone_A; Brenk: ...``; empty where there is none.
    """

    mw: float
    logp: float
    tpsa: float
    qed: float
    alerts: str


def liabilities(structure: str, notation: Notation = "smiles") -> Liabilities | None:
    """Alerts and properties of a structure; None where it cannot be read.

    Examples
    --------
    >>> found = liabilities("O=C1C=CC(=O)C=C1")
    >>> found.alerts.split("; ")[0], round(found.mw, 1)
    ('PAINS: quinone_A', 108.1)
    """
    from rdkit.Chem import QED
    from rdkit.Chem.Crippen import MolLogP
    from rdkit.Chem.Descriptors import MolWt
    from rdkit.Chem.rdMolDescriptors import CalcTPSA
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        mol = PARSERS[notation](structure, MOST_ATOMS)
        if isinstance(mol, Status):
            return None
        try:
            return Liabilities(
                mw=MolWt(mol),
                logp=MolLogP(mol),
                tpsa=CalcTPSA(mol),
                qed=QED.qed(mol),
                alerts="; ".join(alerts_of(mol)),
            )
        except (RuntimeError, ValueError, ArithmeticError):  # RDKit, of odd molecules
            return None


def alerts_of(mol: Any) -> list[str]:
    """Names of the alerts in a molecule, each with its catalog, each once."""
    return list(dict.fromkeys(_named(match) for match in _catalog().GetMatches(mol)))


def _named(match: Any) -> str:
    kind, name = match.GetProp("FilterSet"), match.GetDescription()
    known = next((said for key, said in CATALOGS.items() if kind.upper().startswith(key)), kind)
    return f"{known}: {name.split('(')[0].strip() or name}"


@lru_cache(maxsize=1)
def _catalog() -> Any:
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    params = FilterCatalogParams()
    for name in CATALOGS:
        params.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, name))
    return FilterCatalog(params)
