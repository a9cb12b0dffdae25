"""A small model, molecules in several files, and workers for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.screening.parts import PartsOptions
from tests.screening.tiny_model import tiny_model

SMALL = PartsOptions(part_rows=25, batch_size=10)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model().save(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as pool:
        yield pool


@pytest.fixture
def inputs(tmp_path: Path, nci_smiles: list[str]) -> list[str]:
    """Three files, of 60, 0 and 30 records; the second cannot be cut, the third is a table."""
    names = [str(tmp_path / name) for name in ("a.smi", "b.csv", "c.csv")]
    lines = [f"{smiles} m{at}" for at, smiles in enumerate(nci_smiles)]
    Path(names[0]).write_text("\n".join([*lines[:58], "no molecule", ""]) + "\n")
    Path(names[1]).write_text("smiles,name\n")
    rows = [line.replace(" ", ',"') + '\nof a plate"' for line in lines[100:130]]
    Path(names[2]).write_text("\n".join(["smiles,name", *rows]) + "\n")
    return names


def held(folder: Path) -> dict[str, bytes]:
    """All files, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
