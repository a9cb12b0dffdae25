"""Names and targets of assays from PubChem, by PUG REST, kept in a folder of the user's.

Summaries of assays and the symbols of their targets' genes are asked for by the assays' numbers
(AIDs): https://pubchem.ncbi.nlm.nih.gov/docs/pug-rest. PubChem allows five requests a second.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from bioassay_mtl._version import __version__
from bioassay_mtl.errors import OutputError
from bioassay_mtl.files import write_whole

logger = logging.getLogger(__name__)

SERVER = "https://pubchem.ncbi.nlm.nih.gov/rest/pug"
PAGE = "https://pubchem.ncbi.nlm.nih.gov/bioassay/{aid}"
AT_ONCE = 50
ATTEMPTS = 3
MOST_BYTES = 50_000_000
_BUSY = frozenset({429, 500, 502, 503, 504})
_AID = re.compile(r"(?:PCBA|AID)?[-_ :]*(\d{1,9})", re.IGNORECASE)
# As UniProt writes an accession: https://www.uniprot.org/help/accession_numbers
_UNIPROT = re.compile(
    r"([OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(?:\.\d+)?"
)

Facts = dict[str, str]


@dataclass
class Fetched:
    """Fetched assays, by AID, and why the rest could not be fetched."""

    found: dict[int, Facts] = field(default_factory=dict)
    missing: dict[int, str] = field(default_factory=dict)


def aid_of(assay: str) -> int | None:
    """The AID in the identifier of an assay: ``PCBA-1030``, ``AID1030``, ``1030``; None in others.

    Examples
    --------
    >>> aid_of("PCBA-1030"), aid_of("1030"), aid_of("IC50")
    (1030, 1030, None)
    """
    match = _AID.fullmatch(assay.strip())
    return int(match[1]) if match else None


def page_of(aid: int) -> str:
    """Address of an assay's page."""
    return PAGE.format(aid=aid)


def cache_folder() -> Path:
    """Folder that answers are kept in: ``bioassay_mtl/pubchem`` in the user's folder for caches."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        if found := os.environ.get(name):
            return Path(found) / "bioassay_mtl" / "pubchem"
    return Path.home() / ".cache" / "bioassay_mtl" / "pubchem"


def fetch_assays(
    aids: Sequence[int],
    *,
    server: str = SERVER,
    cache: Path | None = None,
    timeout_s: float = 30.0,
    pause_s: float = 0.25,
) -> Fetched:
    """Names and targets of assays, from the cache where they are there.

    Parameters
    ----------
    aids
        Identifiers (AID) of the assays.
    server
        Address of PUG REST.
    cache
        Folder of answers; None for :func:`cache_folder`. One that cannot be written is done
        without.
    timeout_s
        Without an answer, after which a request is given up.
    pause_s
        Between requests.

    Returns
    -------
    Fetched
        ``name``, ``target``, ``gene`` and ``uniprot`` of each assay, empty where PubChem says
        nothing. After a server that cannot be reached nothing more is asked.
    """
    cache = cache or cache_folder()
    result = Fetched({aid: held for aid in aids if (held := _kept(cache, aid)) is not None})
    wanted = [aid for aid in dict.fromkeys(aids) if aid not in result.found]
    asking = _Asking(server.rstrip("/"), timeout_s, pause_s)
    batches = [wanted[at : at + AT_ONCE] for at in range(0, len(wanted), AT_ONCE)]
    while batches:
        batch = batches.pop(0)
        try:
            answers = dict(asking.facts(batch))
        except urllib.error.HTTPError as error:
            if len(batch) > 1 and error.code not in _BUSY:  # one of them is not known
                batches[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
            else:
                result.missing |= dict.fromkeys(batch, f"the server answers {error.code}")
            continue
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            result.missing |= dict.fromkeys([*batch, *chain(*batches)], reason)
            break
        result.found |= answers
        result.missing |= dict.fromkeys(set(batch) - answers.keys(), "PubChem has no such assay")
        _keep(cache, answers)
    return result


class _Asking:
    """Asks a server, not too often."""

    def __init__(self, server: str, timeout_s: float, pause_s: float) -> None:
        self.server, self.timeout_s, self.pause_s = server, timeout_s, pause_s
        self._free = 0.0

    def facts(self, aids: Sequence[int]) -> Iterator[tuple[int, Facts]]:
        """Facts of those of some assays that the server knows."""
        numbers = ",".join(map(str, aids))
        summaries = self._json(f"assay/aid/{numbers}/summary/JSON")
        genes = self._genes(numbers)
        for row in _rows(summaries, "AssaySummaries", "AssaySummary"):
            if (aid := _number(row.get("AID"))) in aids:
                yield aid, _facts(row, genes.get(aid, {}))

    def _genes(self, numbers: str) -> dict[int, Mapping[str, Any]]:
        """Targets' genes by AID; none where the server has none of any assay."""
        try:
            found = self._json(f"assay/aid/{numbers}/targets/ProteinName,GeneSymbol/JSON")
        except urllib.error.HTTPError as error:
            if error.code in _BUSY:
                raise
            return {}
        rows = _rows(found, "InformationList", "Information")
        return {_number(row.get("AID")): row for row in rows}

    def _json(self, path: str) -> Any:
        for attempt in range(ATTEMPTS):
            time.sleep(max(0.0, self._free - time.monotonic()))
            self._free = time.monotonic() + self.pause_s * 2**attempt
            try:
                return json.loads(self._bytes(f"{self.server}/{path}"))
            except urllib.error.HTTPError as error:
                error.close()
                if error.code not in _BUSY or attempt == ATTEMPTS - 1:
                    raise
                logger.info("%s: the server answers %s; trying again", path, error.code)
        raise AssertionError

    def _bytes(self, url: str) -> bytes:
        request = urllib.request.Request(url, headers={"User-Agent": f"bioassay-mtl/{__version__}"})
        with urllib.request.urlopen(request, timeout=self.timeout_s) as response:
            content: bytes = response.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"the answer has more than {MOST_BYTES:,} bytes")
        return content


def _rows(found: Any, *path: str) -> list[Mapping[str, Any]]:
    """A list of objects deep in an answer."""
    for key in path:
        if not isinstance(found, dict) or key not in found:
            raise ValueError(f"the answer has no {path[0]}: it is not PubChem's")
        found = found[key]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _facts(summary: Mapping[str, Any], genes: Mapping[str, Any]) -> Facts:
    targets = [each for each in _list(summary.get("Target")) if isinstance(each, dict)]
    names = [each.get("Name") for each in targets] or _list(genes.get("ProteinName"))
    accessions = [match[1] for each in targets if (match := _accession(each))]
    return {
        "name": _joined([summary.get("Name")]),
        "target": _joined(names),
        "gene": _joined(_list(genes.get("GeneSymbol"))),
        "uniprot": _joined(accessions),
    }


def _accession(target: Mapping[str, Any]) -> re.Match[str] | None:
    return _UNIPROT.fullmatch(str(target.get("Accession", "")).strip())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(texts: Sequence[Any]) -> str:
    clean = (" ".join(str(text).split()) for text in texts if text)
    return "; ".join(dict.fromkeys(filter(None, clean)))


def _number(value: Any) -> int:
    return value if isinstance(value, int) else -1


def _kept(cache: Path, aid: int) -> Facts | None:
    """Earlier answer; None where there is none, or it is no such answer."""
    try:
        held = json.loads((cache / f"{aid}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    names = ("name", "target", "gene", "uniprot")
    if not isinstance(held, dict) or not all(isinstance(held.get(name), str) for name in names):
        return None
    return {name: held[name] for name in names}


def _keep(cache: Path, answers: Mapping[int, Facts]) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        for aid, facts in answers.items():
            write_whole(cache / f"{aid}.json", json.dumps(facts) + "\n")
    except (OSError, OutputError) as error:
        logger.warning("answers cannot be kept: %s", error)
