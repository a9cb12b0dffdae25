"""Graph blocks in a folder: one array a file, read through the memory map of the system.

``graphs.json`` names the format, the set of codes and each array's type and shape. The folder gets
its name when all is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.graphs.block import GraphBlock
from bioassay_mtl.chem.graphs.codes import code_sets
from bioassay_mtl.errors import InputError, OutputError
from bioassay_mtl.files import whole_folder

FORMAT = 1
_INDEX = "graphs.json"
_ARRAYS = ("atom_offsets", "bond_offsets", "atoms", "ends", "bonds", "reals")


def save_graphs(folder: Path | str, blocks: GraphBlock | Iterable[GraphBlock]) -> None:
    """Write one block, or a stream of them that need not fit into memory, to a new folder.

    Raises
    ------
    OutputError
        If the folder is there and not empty, cannot be made, or there is no block at all.
    """
    folder = Path(folder).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is there and not empty: graphs are written to a new folder")
    with whole_folder(folder) as part:
        _write(part, [blocks] if isinstance(blocks, GraphBlock) else blocks)


def _write(folder: Path, blocks: Iterable[GraphBlock]) -> None:
    files = {name: _GrowingArray(folder / f"{name}.npy") for name in _ARRAYS}
    codes = None
    try:
        for block in blocks:
            if codes not in (None, block.codes):
                raise ValueError(f"blocks of {codes} and {block.codes} codes do not fit together")
            for name in _ARRAYS:
                array = getattr(block, name)
                if name.endswith("_offsets"):
                    # The first offset of all is 0; any other block begins where the last ended.
                    array = array if codes is None else array[1:] + files[name].last
                files[name].append(array)
            codes = block.codes
        if codes is None:
            raise OutputError("there are no graphs to write")
        shapes = {name: file.finish() for name, file in files.items()}
    finally:
        for file in files.values():
            file.close()
    index = {"format": FORMAT, "codes": codes, "shapes": shapes}
    (folder / _INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def load_graphs(folder: Path | str) -> GraphBlock:
    """The block of a folder, on disk until it is read; everything in it is checked first.

    Raises
    ------
    InputError
        If the folder is incomplete, altered, or of another format.
    """
    folder = Path(folder)
    index = _index(folder)
    arrays: dict[str, NDArray[Any]] = {}
    for name in _ARRAYS:
        path = folder / f"{name}.npy"
        try:
            # No array of ours is without columns on disk but `reals`, and an empty file has no map.
            empty = 0 in index["shapes"][name]
            arrays[name] = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
        except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
            raise InputError(f"not a readable array: {error}", file=path) from error
        if list(arrays[name].shape) != index["shapes"][name]:
            raise InputError(
                f"the shape must be {index['shapes'][name]}, found {list(arrays[name].shape)}",
                file=path,
            )
    try:
        block = GraphBlock(**arrays, codes=index["codes"])
        block.check()
    except ValueError as error:
        raise InputError(f"altered: {error}", file=folder) from error
    return block


def _index(folder: Path) -> dict[str, Any]:
    path = folder / _INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError("no graphs are here", file=path) from error
    except ValueError as error:
        raise InputError(f"not JSON: {error}", file=path) from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise InputError(f"format {FORMAT} is read, found other", file=path)
    codes, shapes = index.get("codes"), index.get("shapes")
    if not isinstance(codes, str) or codes not in code_sets or not isinstance(shapes, dict):
        raise InputError(f"unknown codes {codes!r}, or no shapes", file=path)
    return index


class _GrowingArray:
    """A ``.npy`` file that is written from front to end; its header is mended at the last."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._shape: list[int] = []
        self._dtype: np.dtype[Any] = np.dtype(np.uint8)
        self._data = 0
        self.last = 0

    def append(self, array: NDArray[Any]) -> None:
        if not self._shape:
            self._shape, self._dtype = [0, *array.shape[1:]], array.dtype.newbyteorder("<")
            self._header()
            self._data = self._file.tell()
        if list(array.shape[1:]) != self._shape[1:]:
            name = Path(self._file.name).stem
            raise ValueError(
                f"blocks do not fit together: {name} of {self._shape[1:]} columns, then of "
                f"{[*array.shape[1:]]}"
            )
        self._shape[0] += len(array)
        self.last = int(array.flat[-1]) if array.ndim == 1 and len(array) else self.last
        self._file.write(np.ascontiguousarray(array, dtype=self._dtype).tobytes())

    def finish(self) -> list[int]:
        """Write the final shape into the header; numpy leaves room for it to grow."""
        self._file.seek(0)
        self._header()
        if self._file.tell() != self._data:
            raise RuntimeError("the header of an array outgrew its place")
        return self._shape

    def close(self) -> None:
        self._file.close()

    def _header(self) -> None:
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": tuple(self._shape)}
        np.lib.format.write_array_header_1_0(self._file, header)
