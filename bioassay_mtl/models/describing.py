"""Descriptions of a model's assays from PubChem, where its sheet has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bioassay_mtl.datasets.pubchem import aid_of, fetch_assays, page_of
from bioassay_mtl.models.assay_sheet import Assay, AssaySheet, Described


@dataclass(frozen=True)
class Description:
    """Descriptions that were found for the assays of a sheet.

    Parameters
    ----------
    facts
        Facts by assay, those that the sheet did not have.
    missing
        Reasons why there are none, by assay.
    """

    facts: dict[str, Described]
    missing: dict[str, str]


def describe(
    sheet: AssaySheet, *, server: str | None = None, cache: Path | None = None
) -> Description:
    """Ask PubChem for the names and targets of assays whose identifiers are AIDs.

    Parameters
    ----------
    sheet
        Sheet; what it says already is not asked for, and stays.
    server, cache
        See :func:`bioassay_mtl.datasets.pubchem.fetch_assays`.
    """
    aids = {assay.id: aid for assay in sheet.assays if (aid := aid_of(assay.id)) is not None}
    given: dict[str, Any] = {} if server is None else {"server": server}
    found = fetch_assays(list(aids.values()), cache=cache, **given)
    facts = {
        assay.id: Described.model_validate(dict(_new(assay, aid, found.found[aid])))
        for assay in sheet.assays
        if (aid := aids.get(assay.id, -1)) in found.found
    }
    missing = {
        assay.id: found.missing.get(aids.get(assay.id, -1), "the identifier has no AID")
        for assay in sheet.assays
        if assay.id not in facts
    }
    return Description(facts, missing)


def _new(assay: Assay, aid: int, facts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Facts that PubChem has and the sheet does not, and their source."""
    new = {n: text for n, text in facts.items() if text and not getattr(assay, n)}
    if not assay.link:
        new["link"] = page_of(aid)
    yield from new.items()
    said = ", ".join(name for name in new if name != "link")
    if said:
        source = f"{said}: PubChem, AID {aid}, {date.today().isoformat()}"
        yield "source", f"{assay.source}; {source}" if assay.source else source
