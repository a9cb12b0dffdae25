"""Which features a rival is reported with: the best on validation rows, never on test rows."""

from __future__ import annotations

from benchmarks.rivals import scores
from benchmarks.rivals.ledger import Ledger, merge


def candidates(rival: str, protocol: str) -> tuple[str, ...]:
    """Feature sets that a rival may choose from."""
    if rival == "chemprop":
        return ("graph",)
    return ("bits",) if protocol == "A" else ("bits", "counts")


def validation_ap(rival: str, protocol: str, ledger: Ledger) -> dict[str, float]:
    """Validation macro AP by feature set, over the assays that were scored with all of them."""
    chooser = "deepchem" if rival == "deepchem_refit" else rival
    found = {
        name: merge(ledger.select(protocol, chooser, "choice", name))
        for name in candidates(rival, protocol)
    }
    found = {name: by_assay for name, by_assay in found.items() if by_assay}
    if not found:
        return {}
    shared = set.intersection(*(set(by_assay) for by_assay in found.values()))
    if not shared:
        return {}
    return {
        name: scores.macro({assay: by_assay[assay] for assay in shared}).ap
        for name, by_assay in found.items()
    }


def chosen_features(rival: str, protocol: str, ledger: Ledger) -> str:
    """Return the feature set of highest validation AP, or the first where none was compared."""
    found = validation_ap(rival, protocol, ledger)
    if not found:
        return candidates(rival, protocol)[0]
    return max(found, key=lambda name: found[name])
