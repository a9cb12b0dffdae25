"""Pages of a Parquet file that would take too much memory are refused before they are read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.formats import parquet_pages
from bioassay_mtl.tables.formats.parquet_pages import _sizes


def sizes(table: pa.Table, **options: Any) -> list[list[int]]:
    """Uncompressed sizes of the pages of each chunk, as they are told."""
    held = io.BytesIO()
    pq.write_table(table, held, **options)
    metadata = pq.read_metadata(held)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    return [list(_sizes(held, group.column(place))) for group in groups for place in range(2)]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_sizes_add_up_to_those_of_the_footer(
    version: str, compression: str, dictionary: bool
) -> None:
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice([*"CNO"], 40)) for _ in range(3000)]
    table = pa.table({"smiles": names, "value": rng.normal(size=3000)})
    options = {
        "compression": compression,
        "use_dictionary": dictionary,
        "data_page_version": version,
        "data_page_size": 4000,
        "row_group_size": 1500,
        "write_statistics": True,
        "write_page_index": True,
    }
    found = sizes(table, **options)
    assert len(found) == 4
    assert min(len(pages) for pages in found) > 1
    content = 1500 * 40
    for pages in found[::2]:
        assert content <= sum(pages) < 1.3 * content + 4 * 1500


def test_a_page_that_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.parquet"
    table = pa.table({"smiles": ["C" * 3000] * 900, "note": ["x" * 9000] * 900})
    pq.write_table(table, path, use_dictionary=False, data_page_size=1 << 30)
    rows = [s for batch in read_records(path) for s in batch.structures]
    assert len(rows) == 900
    monkeypatch.setattr(parquet_pages, "MOST", 2 << 20)
    with pytest.raises(
        InputError, match=r"column 'smiles' has a page of 2 MB.*write the file anew"
    ):
        list(read_records(path))
    small = {"data_page_size": 1 << 16, "write_batch_size": 16}
    pq.write_table(table, path, use_dictionary=False, **small)
    assert sum(len(batch.structures) for batch in read_records(path)) == 900


def test_a_large_page_that_is_not_read_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notes.parquet"
    table = pa.table({"smiles": ["CCO"] * 900, "note": ["x" * 9000] * 900})
    pq.write_table(table, path, use_dictionary=False, data_page_size=1 << 30)
    monkeypatch.setattr(parquet_pages, "MOST", 1 << 20)
    assert sum(len(batch.structures) for batch in read_records(path)) == 900
