"""Training molecules in a file: all that was there, in few bytes, and nothing else is taken."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bioassay_mtl.domain import Domain
from bioassay_mtl.domain.storage import arrays_of, domain_of
from bioassay_mtl.errors import InputError
from bioassay_mtl.tasks.measured import MeasuredCells
from tests.domain.test_domain import labels, packed


def made(smiles: list[str], values: NDArray[Any], bounds: NDArray[np.int8] | None = None) -> Domain:
    return Domain(packed(smiles), MeasuredCells.from_dense(values, bounds), smiles)


@pytest.mark.parametrize("kind", ["outcomes", "values", "bounds"])
def test_all_comes_back(kind: str, nci_smiles: list[str]) -> None:
    smiles, values = nci_smiles[:200], labels(200)
    values[3:9] = np.nan  # rows of which nothing was measured
    bounds = np.where(np.isnan(values), 0, 1).astype(np.int8)
    outcomes = np.where(np.isnan(values), -1, values > 1).astype(np.int8)
    domain = {
        "outcomes": lambda: made(smiles, outcomes),
        "values": lambda: made(smiles, values),
        "bounds": lambda: made(smiles, values, bounds),
    }[kind]()
    again = domain_of(arrays_of(domain), 3, domain.threshold)
    np.testing.assert_array_equal(again.packed, domain.packed)
    np.testing.assert_array_equal(again.identities, domain.identities)
    np.testing.assert_array_equal(again.cells.offsets, domain.cells.offsets)
    np.testing.assert_array_equal(again.cells.task, domain.cells.task)
    np.testing.assert_array_equal(again.cells.value, domain.cells.value)
    np.testing.assert_array_equal(again.cells.bounds, domain.cells.bounds)
    assert again.structures == smiles
    assert again.threshold == domain.threshold


@pytest.mark.soak
def test_it_takes_few_bytes(nci_smiles: list[str]) -> None:
    smiles = nci_smiles[:3000]
    domain = made(smiles, np.where(np.isnan(labels(3000)), -1, 1).astype(np.int8))
    size = sum(each.nbytes for each in arrays_of(domain).values())
    assert size < 128 * len(domain)


def test_structures_are_left_out_where_they_are_to_be(nci_smiles: list[str]) -> None:
    smiles = nci_smiles[:50]
    cells = MeasuredCells.from_dense(labels(50))
    domain = Domain(packed(smiles), cells, smiles, keeps_structures=False)
    arrays = arrays_of(domain)
    assert "structures" not in arrays
    again = domain_of(arrays, 3, 0.5)
    assert again.structures is None
    assert again.structures_of(np.array([0, -1])) == ["", ""]
    np.testing.assert_array_equal(again.identities, domain.identities)


def changed(arrays: dict[str, NDArray[Any]], name: str, value: NDArray[Any]) -> Any:
    return arrays | {name: value}


def squeezed(array: NDArray[Any]) -> NDArray[np.uint8]:
    return np.frombuffer(zlib.compress(array.tobytes()), np.uint8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identities", np.zeros(50, np.int32)),
        ("identities", np.zeros(51, np.uint64)),
        ("fingerprints", np.zeros(3, np.uint8)),
        ("fingerprints", squeezed(np.zeros(10_000_000, np.uint8))),
        ("cells.per_row", squeezed(np.full(50, 4, "<u4"))),
        ("cells.gaps", squeezed(np.full(5, 1, "<u4"))),
        ("cells.values", squeezed(np.full(5, np.nan, "<f4"))),
        ("structures", squeezed(np.zeros(50, np.uint8))),
    ],
)
def test_odd_ones_are_refused(name: str, value: NDArray[Any], nci_smiles: list[str]) -> None:
    domain = made(nci_smiles[:50], labels(50))
    with pytest.raises((ValueError, InputError)):
        domain_of(changed(arrays_of(domain), name, value), 3, 0.5)


def test_cells_of_tasks_that_there_are_not_are_refused(nci_smiles: list[str]) -> None:
    domain = made(nci_smiles[:50], labels(50))
    with pytest.raises((ValueError, InputError)):
        domain_of(arrays_of(domain), 2, 0.5)
