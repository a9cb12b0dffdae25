"""The folder of a data set of parts.

``plan.json`` says what it is made of, ``parts/`` holds the parts, ``receipts/`` for each finished
part its rows by status and its checksum, and ``manifest.json`` appears when all are there. Each
file appears whole or not at all. A part is locked by its writer from the first record read to the
receipt; where there are no locks, as in an object store, two writers may do the same work, and
write the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.remote import is_remote
from bioassay_mtl.screening.parts.plan import Part, Plan
from bioassay_mtl.screening.parts.store import store_at

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ConfigT = TypeVar("ConfigT", bound=Config)
READ_AT_ONCE = 16
"""Receipts."""

_PLAN, _MANIFEST, _PARTS, _RECEIPTS = "plan.json", "manifest.json", "parts", "receipts"


class Receipt(Config):
    """Receipt of a finished part.

    Attributes
    ----------
    rows
        Records.
    statuses
        Records by status, those that occur.
    in_training
        Records whose molecules the model was trained on; None where it does not know them.
    formula_cells
        Cells of text that a spreadsheet would run.
    bytes, sha256
        Size and hash of its file.
    """

    rows: int
    statuses: dict[str, int]
    in_training: int | None = None
    formula_cells: int = 0
    bytes: int
    sha256: str


class PartsFolder:
    """A data set in a folder, or in an object store.

    Parameters
    ----------
    path
        The folder, or its URI; made where it is not there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._store = store_at(path)

    def __str__(self) -> str:
        return self.path

    @property
    def is_complete(self) -> bool:
        """Whether all parts are there."""
        return self._store.size(_MANIFEST) is not None

    def plan(self) -> Plan | None:
        """Plan of the data set; None where nothing was begun.

        Raises
        ------
        InputError
            The folder holds something else.
        """
        if (found := self._read(_PLAN, Plan)) is None and not self._store.is_free():
            raise InputError(
                "is a folder with other things in it, not one of parts (choose a new one)",
                file=self.path,
            )
        return found

    def begin(self, plan: Plan) -> Plan:
        """Write the plan, unless another process has; the plan that is there now."""
        self._store.make_room()
        self._store.put_first(_PLAN, _json(plan.model_dump(mode="json")))
        found = self.plan()
        assert found is not None
        return found

    def make_room(self) -> None:
        """Make the folders for what follows a plan."""
        self._store.make_room(_PARTS, _RECEIPTS)

    def holds(self, path: str | Path) -> bool:
        """Whether a file, there or not, is one of the data set's own, or would stand among them."""
        if is_remote(self.path) or is_remote(path):
            return False
        place, file = Path(self.path).resolve(), Path(path).resolve()
        folders = (place / _PARTS, place / _RECEIPTS)
        return file in (place / _PLAN, place / _MANIFEST) or file.parent in folders

    def part_name(self, part: Part, plan: Plan) -> str:
        """The name of a part's file."""
        return f"{_PARTS}/{part.name}{plan.suffix}"

    def read_part(self, part: Part, plan: Plan) -> io.BufferedReader:
        """The file of a part."""
        return self._store.open(self.part_name(part, plan))

    def receipt(self, part: Part, plan: Plan) -> Receipt | None:
        """Receipt of a part; None where it is not finished."""
        found = self._read(_receipt_name(part), Receipt)
        if found is None or self._store.size(self.part_name(part, plan)) != found.bytes:
            return None
        return found

    def receipts(self, plan: Plan, parts: Sequence[Part] | None = None) -> list[Receipt | None]:
        """Receipts of all parts, or of some, in their order; None for one that is not finished.

        What there is is listed, and then read several at a time: a store takes its time for each.
        """
        kept, written = self._store.sizes(_RECEIPTS), self._store.sizes(_PARTS)

        def read(part: Part) -> Receipt | None:
            if f"{part.name}.json" not in kept:
                return None
            found = self._read(_receipt_name(part), Receipt)
            is_whole = found and written.get(f"{part.name}{plan.suffix}") == found.bytes
            return found if is_whole else None

        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            return list(pool.map(read, plan.parts if parts is None else parts))

    def claimed(self, part: Part, plan: Plan) -> ExitStack | None:
        """A part, locked until the stack is closed; None where another process writes it."""
        return self._store.claimed(self.part_name(part, plan))

    @contextmanager
    def opened(self, part: Part, plan: Plan) -> Iterator[Counted]:
        """A stream to a part, which appears when the block ends without an exception."""
        with self._store.opened(self.part_name(part, plan)) as stream:
            yield Counted(stream)

    def put(self, part: Part, receipt: Receipt) -> None:
        """Note that a part is finished."""
        self._store.put(_receipt_name(part), _json(receipt.model_dump(mode="json")))

    def reopen(self, plan: Plan) -> None:
        """Remove the manifest of a data set that has lost a part: it stands for all of them."""
        if self.is_complete and None in self.receipts(plan):
            self._store.remove(_MANIFEST)

    def finish(self, plan: Plan) -> bool:
        """Write the manifest where all parts are there; whether they are."""
        receipts = self.receipts(plan)
        if any(receipt is None for receipt in receipts):
            return False
        self._store.sweep(_PARTS)
        content = _json(manifest_of(plan, [receipt for receipt in receipts if receipt]))
        if self._store.read(_MANIFEST) != content:  # whoever comes second would write the same
            self._store.put(_MANIFEST, content)
        return True

    def _read(self, name: str, kind: type[ConfigT]) -> ConfigT | None:
        file = f"{self.path.rstrip('/')}/{name}"
        try:
            content = self._store.read(name)
            return None if content is None else kind.of(json.loads(content))
        except OSError as error:
            raise InputError(f"cannot be read: {error}", file=file) from error
        except (ValueError, ConfigError) as error:
            remedy = _REMEDIES[kind]
            raise InputError(f"cannot be used: {error}", file=file, hint=remedy) from error


_REMEDIES: dict[type[Config], str] = {
    Plan: "put back what was there, or screen into another folder",
    Receipt: "delete it and run the screen again, which writes its part anew",
}


def _receipt_name(part: Part) -> str:
    return f"{_RECEIPTS}/{part.name}.json"


class Counted(io.RawIOBase):
    """Passes on what is written, and knows how much of what it was.

    Parameters
    ----------
    stream
        Stream to write to.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._state, self._n = stream, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._n

    def write(self, data: ReadableBuffer, /) -> int:
        view = memoryview(data).cast("B")
        if self._stream.closed:  # the part was given up, and its writer ends what it began
            return len(view)
        self._stream.write(view)
        self._state.update(view)
        self._n += len(view)
        return len(view)

    @property
    def sha256(self) -> str:
        """Hash of what was written so far."""
        return self._state.hexdigest()

    def as_binary(self) -> BinaryIO:
        """Itself, as writers want it."""
        return cast(BinaryIO, self)


def manifest_of(plan: Plan, receipts: Iterable[Receipt]) -> dict[str, Any]:
    """All that is known of a finished data set, for JSON."""
    held = [receipt.model_dump(mode="json") for receipt in receipts]
    said = plan.model_dump(mode="json")
    parts = [own | receipt for own, receipt in zip(said.pop("parts"), held, strict=True)]
    return {**said, **totals(held), "parts": parts}


def totals(receipts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Rows of some parts together, by status too."""
    statuses: dict[str, int] = {}
    rows, known, cells = 0, None, 0
    for each in receipts:
        rows, cells = rows + each["rows"], cells + each["formula_cells"]
        if each["in_training"] is not None:
            known = (known or 0) + each["in_training"]
        for status, n in each["statuses"].items():
            statuses[status] = statuses.get(status, 0) + n
    return {"rows": rows, "statuses": statuses, "in_training": known, "formula_cells": cells}


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
