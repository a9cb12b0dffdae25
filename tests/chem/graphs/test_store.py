"""Graphs survive their folder; a folder that was altered is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph, load_graphs, save_graphs
from bioassay_mtl.errors import InputError, OutputError

SMILES = ["CCO", "", "C", "[Na+].[Cl-]", "c1ccc2[nH]ccc2c1"]
KIND = MolecularGraph(codes="chemprop", random_walk=2)


def block_of(smiles: list[str]) -> GraphBlock:
    block: GraphBlock = KIND.block([Chem.MolFromSmiles(text) for text in smiles])
    return block


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_graphs(tmp_path / "graphs", block_of(SMILES))
    return tmp_path / "graphs"


def assert_same(found: GraphBlock, expected: GraphBlock) -> None:
    assert [*found.stable_bytes()] == [*expected.stable_bytes()]
    np.testing.assert_array_equal(found.reals, expected.reals)


def test_round_trip(folder: Path) -> None:
    found = load_graphs(folder)
    assert isinstance(found.atoms, np.memmap)
    assert_same(found, block_of(SMILES))
    rows = np.array([4, 0, 0])
    np.testing.assert_array_equal(
        found.batch(rows).edge_index, block_of(SMILES).batch(rows).edge_index
    )


def test_folders_by_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    save_graphs(tmp_path / "link", block_of(SMILES))
    assert_same(load_graphs(tmp_path / "real"), block_of(SMILES))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    save_graphs(".", block_of(SMILES))
    assert_same(load_graphs(tmp_path / "here"), block_of(SMILES))


def test_a_stream_of_blocks_is_one(tmp_path: Path) -> None:
    parts = [SMILES[:2], [], SMILES[2:], ["C" * 40] * 30]
    save_graphs(tmp_path / "new", (block_of(part) for part in parts))
    assert_same(load_graphs(tmp_path / "new"), block_of([text for part in parts for text in part]))


def test_no_bonds_and_no_reals(tmp_path: Path) -> None:
    block = MolecularGraph().block([Chem.MolFromSmiles("C")])
    save_graphs(tmp_path / "methane", block)
    assert_same(load_graphs(tmp_path / "methane"), block)
    save_graphs(tmp_path / "none", block_of([]))
    assert len(load_graphs(tmp_path / "none")) == 0


def test_what_is_there_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for there in (folder, tmp_path / "file"):
        with pytest.raises(OutputError, match="not empty"):
            save_graphs(there, block_of(SMILES))
    with pytest.raises(OutputError, match="could not be written"):
        save_graphs(tmp_path / "file" / "new", block_of(SMILES))
    with pytest.raises(InputError, match="no graphs are here"):
        load_graphs(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    save_graphs(tmp_path / "empty", block_of(SMILES))
    assert_same(load_graphs(tmp_path / "empty"), block_of(SMILES))


def interrupted() -> Iterator[GraphBlock]:
    yield block_of(["C"])
    raise KeyboardInterrupt("stopped")


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        ([], OutputError, "no graphs"),
        ([block_of(["C"]), MolecularGraph().block([])], ValueError, "chemprop and ogb codes"),
        (
            [block_of(["C"]), MolecularGraph(codes="chemprop").block([])],
            ValueError,
            r"reals of \[3\] columns, then of \[1\]",
        ),
        (interrupted(), KeyboardInterrupt, "stopped"),
    ],
    ids=["none", "codes", "reals", "interrupted"],
)
def test_a_failed_writing_leaves_nothing(
    tmp_path: Path, blocks: Iterable[GraphBlock], error: type[BaseException], message: str
) -> None:
    with pytest.raises(error, match=message):
        save_graphs(tmp_path / "new", blocks)
    assert not [*tmp_path.iterdir()]
    with pytest.raises(InputError, match="no graphs are here"):
        load_graphs(tmp_path / "new")


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [("ends", (0, 1), 3), ("atoms", (0, 0), 200), ("bonds", (1, 0), 9), ("atom_offsets", 1, 90)],
)
def test_altered_arrays_are_refused(
    folder: Path, name: str, place: int | tuple[int, int], value: int
) -> None:
    array = np.load(folder / f"{name}.npy")
    array[place] = value
    np.save(folder / f"{name}.npy", array)
    with pytest.raises(InputError, match="altered"):
        load_graphs(folder)


def test_no_file_can_run_code(folder: Path) -> None:
    np.save(folder / "atoms.npy", np.array([{"any": "object"}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"atoms\.npy"):
        load_graphs(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 1"),
        ({"codes": "obg"}, "unknown codes"),
        ({"codes": ["ogb"]}, "unknown codes"),
        ({"codes": "ogb"}, "altered"),
        ({"shapes": {}}, "not a readable array"),
    ],
)
def test_an_altered_index_is_refused(folder: Path, change: dict[str, object], message: str) -> None:
    path = folder / "graphs.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(InputError, match=message):
        load_graphs(folder)


def test_truncated_and_missing_files_are_refused(folder: Path) -> None:
    path = folder / "atoms.npy"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match=r"atoms\.npy"):
        load_graphs(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"atoms\.npy"):
        load_graphs(folder)
    (folder / "graphs.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        load_graphs(folder)
