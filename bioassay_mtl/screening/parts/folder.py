"""The folder of a data set of parts.

``plan.json`` says what it is made of, ``parts/`` holds the parts, ``receipts/`` for each finished
part its rows by status and its checksum, and ``manifest.json`` appears when all are there. Each
file appears whole or not at all. A part is locked by its writer from the first record read to the
receipt; where a file system has no locks, two writers may do the same work, and write the same
bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from bioassay_mtl.config import Config
from bioassay_mtl.errors import BeingWrittenError, ConfigError, InputError, OutputError
from bioassay_mtl.files import locked, whole_file, write_whole
from bioassay_mtl.screening.parts.plan import Part, Plan

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ConfigT = TypeVar("ConfigT", bound=Config)
_LOCK = ".writing"


class Receipt(Config):
    """What a finished part holds.

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
        Of its file.
    """

    rows: int
    statuses: dict[str, int]
    in_training: int | None = None
    formula_cells: int = 0
    bytes: int
    sha256: str


class PartsFolder:
    """A data set on a file system.

    Parameters
    ----------
    path
        The folder; made where it is not there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.plan_path, self.manifest_path = self.path / "plan.json", self.path / "manifest.json"

    def __str__(self) -> str:
        return str(self.path)

    @property
    def is_complete(self) -> bool:
        """Whether all parts are there."""
        return self.manifest_path.is_file()

    def plan(self) -> Plan | None:
        """What it is made of; None where nothing was begun.

        Raises
        ------
        InputError
            The folder holds something else.
        """
        if self.plan_path.is_file():
            return _read(self.plan_path, Plan)
        if self.path.is_dir() and any(
            not each.name.startswith(".") for each in self.path.iterdir()
        ):
            raise InputError(
                "is a folder with other things in it, not one of parts (choose a new one)",
                file=self.path,
            )
        return None

    def begin(self, plan: Plan) -> Plan:
        """Write the plan, unless another process has; the plan that is there now."""
        self._make(self.path)
        try:
            with whole_file(self.plan_path, overwrite=False) as stream:
                stream.write(_json(plan.model_dump(mode="json")))
        except OutputError:
            if not self.plan_path.is_file():
                raise
        found = self.plan()
        assert found is not None
        return found

    def make_room(self) -> None:
        """Make the folders for what follows a plan."""
        self._make(self.path / "parts")
        self._make(self.path / "receipts")

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: could not be made: {error.strerror}") from error

    def part_path(self, part: Part, plan: Plan) -> Path:
        """The file of a part."""
        return self.path / "parts" / f"{part.name}{plan.suffix}"

    def receipt(self, part: Part, plan: Plan) -> Receipt | None:
        """Of a part; None where it is not finished."""
        path = self._receipt_path(part)
        if not path.is_file():
            return None
        found = _read(path, Receipt)
        file = self.part_path(part, plan)
        return found if file.is_file() and file.stat().st_size == found.bytes else None

    def receipts(self, plan: Plan) -> list[Receipt | None]:
        """Of all parts, in their order."""
        return [self.receipt(part, plan) for part in plan.parts]

    def claimed(self, part: Part, plan: Plan) -> ExitStack | None:
        """A part, locked until the stack is closed; None where another process writes it."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.part_path(part, plan)))
            except BeingWrittenError:
                return None
            return stack.pop_all()

    @contextmanager
    def opened(self, part: Part, plan: Plan) -> Iterator[Counted]:
        """A stream to a part, which appears when the block ends without an exception."""
        with whole_file(self.part_path(part, plan)) as stream:
            yield Counted(stream)

    def put(self, part: Part, receipt: Receipt) -> None:
        """Note that a part is finished."""
        write_whole(self._receipt_path(part), _json(receipt.model_dump(mode="json")))

    def finish(self, plan: Plan) -> bool:
        """Write the manifest where all parts are there; whether they are."""
        receipts = self.receipts(plan)
        if any(receipt is None for receipt in receipts):
            return False
        self._sweep(plan)
        content = _json(manifest_of(plan, [receipt for receipt in receipts if receipt]))
        # Whoever comes second would write the same.
        if not (self.is_complete and self.manifest_path.read_bytes() == content):
            write_whole(self.manifest_path, content)
        return True

    def _sweep(self, plan: Plan) -> None:
        """Remove locks that killed writers of finished parts have left."""
        for path in (self.path / "parts").glob(f".*{_LOCK}"):
            with suppress(OutputError), locked(path.with_name(path.name[1 : -len(_LOCK)])):
                pass

    def _receipt_path(self, part: Part) -> Path:
        return self.path / "receipts" / f"{part.name}.json"


class Counted(io.RawIOBase):
    """Passes on what is written, and knows how much of what it was.

    Parameters
    ----------
    stream
        Where it goes.
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
        """Of what was written so far."""
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


def _read(path: Path, kind: type[ConfigT]) -> ConfigT:
    try:
        return kind.of(json.loads(path.read_bytes()))
    except (OSError, ValueError, ConfigError) as error:
        raise InputError(f"cannot be used: {error}", file=path) from error
