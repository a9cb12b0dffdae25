"""Molecules that wait on the disk: their texts can be far more than memory holds."""

from __future__ import annotations

import struct
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import OutputError

MEMORY_BYTES = 32_000_000
"""Bytes that are held in memory; more of them go to a file."""

CHANGED_AT_ONCE = 16_384

_SLACK = 1_000_000  # bytes that are not worth copying anything for
_HEAD = struct.Struct("<IIIIb")
_KNOWN = (False, True, None)


class SpilledMolecule(NamedTuple):
    """Molecule by the input, whether the model was trained on it, and what stands beside it."""

    file: str
    id: str
    smiles: str
    in_training: bool | None
    beside: str = ""


Change = Callable[[Sequence[SpilledMolecule]], Iterable[SpilledMolecule]]


class SpilledMolecules:
    """Molecules by place, of which most are soon of no use any more.

    A temporary file without a name takes them once there are `MEMORY_BYTES` of them: it is gone
    with this process, however that ends.

    Parameters
    ----------
    folder
        Folder that the file is made in; the system's folder of temporary files when None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._files: list[str] = []
        self._start()
        self._enough = _SLACK

    def __len__(self) -> int:
        """Bytes of all molecules, of use or not."""
        return self._end

    @property
    def is_wasteful(self) -> bool:
        """Whether it has doubled since only molecules of use were kept."""
        return self._end > self._enough

    def add(self, molecule: SpilledMolecule) -> int:
        """Take in a molecule.

        Returns
        -------
        int
            Its place.

        Raises
        ------
        OutputError
            The file cannot be written, for example on a full disk.
        """
        file, id, smiles, known, beside = molecule
        if file not in self._files[-1:]:
            self._files.append(file)
        texts = [text.encode("utf-8", "surrogatepass") for text in (id, smiles, beside)]
        head = _HEAD.pack(len(self._files) - 1, *map(len, texts), _KNOWN.index(known))
        return self._append(head + b"".join(texts))

    def __getitem__(self, place: int) -> SpilledMolecule:
        return self._read(self._raw(self._stream, place))

    def _read(self, raw: bytes) -> SpilledMolecule:
        file, *lengths, known = _HEAD.unpack_from(raw)
        ends = accumulate(lengths, initial=_HEAD.size)
        id, smiles, beside = (
            raw[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(ends)
        )
        return SpilledMolecule(self._files[file], id, smiles, _KNOWN[known], beside)

    def keep(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Forget all others.

        Parameters
        ----------
        places
            ``(m,) int64``: those of use, ascending.

        Returns
        -------
        NDArray
            ``(m,) int64``: their new places.
        """
        old, close = self._stream, self.close
        self._start()
        again = (self._append(self._raw(old, int(at))) for at in places)
        moved = np.fromiter(again, np.int64, len(places))
        close()
        self._enough = 2 * self._end + _SLACK
        return moved

    def changed(self, places: NDArray[np.int64], change: Change) -> NDArray[np.int64]:
        """Forget all others, and change these.

        Parameters
        ----------
        places
            ``(m,) int64``: those of use, ascending.
        change
            Callback that is given some at a time, and answers what takes the place of each.

        Returns
        -------
        NDArray
            ``(m,) int64``: their new places.
        """
        old, close, moved = self._stream, self.close, list[int]()
        self._start()
        for start in range(0, len(places), CHANGED_AT_ONCE):
            some = places[start : start + CHANGED_AT_ONCE].tolist()
            moved += map(self.add, change([self._read(self._raw(old, at)) for at in some]))
        close()
        return np.array(moved, dtype=np.int64)

    def _start(self) -> None:
        self._stream = spooled(self._folder)
        self._end = 0
        # Gives the file back, when told or when nobody needs it any more.
        self.close = weakref.finalize(self, self._stream.close)

    def _append(self, raw: bytes) -> int:
        place = self._end
        with worded(self._folder, self._end):
            self._stream.seek(place)
            self._stream.write(raw)
        self._end += len(raw)
        return place

    def _raw(self, stream: IO[bytes], place: int) -> bytes:
        with worded(self._folder, self._end):
            stream.seek(place)
            head = stream.read(_HEAD.size)
            _, *lengths, _ = _HEAD.unpack(head)
            return head + stream.read(sum(lengths))


@contextmanager
def worded(folder: Path | None, n_bytes: int) -> Iterator[None]:
    """Word what cannot be written to a temporary file, after so many bytes."""
    try:
        yield
    except OSError as error:
        where = folder or tempfile.gettempdir()
        raise OutputError(
            f"the hits so far, {n_bytes:,} bytes, could not wait in a temporary file in "
            f"{str(where)!r}: {error.strerror or error}; no output is kept (make room there, "
            "or ask for fewer hits)"
        ) from error


def spooled(folder: Path | None) -> IO[bytes]:
    """Bytes that wait: in memory, or where there are many in a file without a name."""
    where = None if folder is None else str(folder)
    return cast("IO[bytes]", tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=where))
