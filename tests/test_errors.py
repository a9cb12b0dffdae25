"""Words of messages."""

from __future__ import annotations

from bioassay_mtl.errors import counted


def test_one_is_singular() -> None:
    assert counted(1, "assay") == "1 assay"
    assert counted(1200, "assay") == "1,200 assays"
    assert counted(1, "row is", "rows are") == "1 row is"
    assert counted(0, "row is", "rows are") == "0 rows are"
