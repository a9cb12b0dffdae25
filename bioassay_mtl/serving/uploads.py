"""Uploads: what is sent becomes a file in memory; no name of it is ever opened."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import closing

from bioassay_mtl.serving.refusals import Refusal, too_many
from bioassay_mtl.tables import Held, read_records
from bioassay_mtl.tables.compression import compression_of

SUFFIXES = ("smi", "smiles", "ism", "can", "csv", "tsv", "tab", "txt", "sdf")
"""Suffixes of files that are taken; a text without a name is looked at."""

_OF_TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "chemical/x-daylight-smiles": "smi",
    "chemical/x-mdl-sdfile": "sdf",
}


def sent_file(content: bytes, name: str = "", media_type: str = "") -> Held:
    """The file of a request's body.

    Parameters
    ----------
    content
        Content of the file.
    name
        Name whose suffix tells the format; where there is none, the media type or the content does.
    media_type
        Media type of the request.

    Raises
    ------
    Refusal
        Files of this kind are not taken.
    """
    _, dot, suffix = name.lower().rpartition(".")
    if not dot:
        suffix = _OF_TYPES.get(media_type.partition(";")[0].strip().lower(), "")
    if suffix and suffix not in SUFFIXES:
        known = ", ".join(f".{each}" for each in SUFFIXES)
        raise Refusal(415, f"files .{suffix[:20]} are not taken here (known: {known})")
    if compression_of(content[:8]) is not None:
        raise Refusal(415, "compressed files are not taken here: unpack it first")
    return Held(f"sent.{suffix}" if suffix else "sent", content)


def listed_file(smiles: Sequence[str], ids: Sequence[str] | None = None) -> Held:
    """A table of listed molecules, each one record whatever it has for characters.

    Raises
    ------
    Refusal
        There are no molecules, or not as many ids.
    """
    if not smiles:
        raise Refusal(422, "smiles: one molecule at least is expected, found none")
    if ids is not None and len(ids) != len(smiles):
        raise Refusal(422, f"ids: {len(smiles)} are expected, one for each SMILES, got {len(ids)}")
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("id", "smiles"))
    table.writerows(zip(ids or [""] * len(smiles), smiles, strict=True))
    return Held("sent.csv", text.getvalue().encode("utf-8", "backslashreplace"))


def n_records(file: Held, most: int) -> int:
    """Number of records of a file; it is read to its end, so that its faults are found.

    Raises
    ------
    Refusal
        There are more than `most`.
    InputError
        It cannot be read.
    """
    n = 0
    with closing(read_records(file)) as batches:  # type: ignore[type-var]
        for batch in batches:
            n += len(batch)
            if n > most:
                raise too_many(most)
    return n
