"""Parts joined are what one screen of all inputs writes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.parts import (
    MergeOptions,
    PartsFolder,
    PartsOptions,
    Shard,
    merge,
    screen_parts,
)
from bioassay_mtl.screening.pipeline import screen, writer_of
from bioassay_mtl.screening.writers import formats
from tests.screening.parts.conftest import SMALL, held


@pytest.fixture
def parts(inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path) -> Path:
    screen_parts(inputs, model_folder, tmp_path / "parts", SMALL, pool=pool)
    return tmp_path / "parts"


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("all.csv", {}),
        ("all.parquet", {}),
        ("all.jsonl", {"long": True}),
        ("best.csv", {"top": 4}),
        ("best.parquet", {"top": 30}),
        ("best.csv", {"top": 1000}),
    ],
)
@pytest.mark.cases(2)
def test_equals_one_screen(
    inputs: list[str], model_folder: Path, parts: Path, tmp_path: Path, name: str, how: Any
) -> None:
    summary = merge(parts, tmp_path / name, MergeOptions.of(how))
    assert summary.is_complete
    options = ScreenOptions.of({**how, "batch_size": 10, "workers": 1})
    whole = screen(inputs, PendingModel(model_folder), tmp_path / f"whole_{name}", options)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole_{name}").read_bytes()
    assert (summary.rows, summary.statuses) == (whole.rows, whole.statuses)


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_parts_of_text(
    inputs: list[str], model_folder: Path, pool: Pool, parts: Path, tmp_path: Path, form: str
) -> None:
    """Digits that are not written are gone; all others are there."""
    options = PartsOptions.of({"part_rows": 25, "batch_size": 10, "format": form})
    screen_parts(inputs, model_folder, tmp_path / form, options, pool=pool)
    for name, how in (("all.csv", {}), ("best.csv", {"top": 3})):
        merge(tmp_path / form, tmp_path / f"text_{name}", MergeOptions.of(how))
        merge(parts, tmp_path / name, MergeOptions.of(how))
        assert (tmp_path / f"text_{name}").read_text() == (tmp_path / name).read_text()


@pytest.mark.soak
def test_what_stands_beside_predictions_is_kept(
    nci_smiles: list[str], tmp_path: Path, pool: Pool
) -> None:
    """The shipped model has all: p-values, flags, texts, counts; some molecules are known."""
    path = tmp_path / "some.csv"
    rows = [f"{smiles},x{at}" for at, smiles in enumerate(nci_smiles[:40])]
    path.write_text("\n".join(["smiles,plate", *rows, "no molecule,"]) + "\n")
    beside = {
        "assays": ("PCBA-1030", "PCBA-411"),
        "keep": ("plate",),
        "annotate": ("domain", "liabilities", "confidence", "p_value"),
        "batch_size": 20,
    }
    folder, batches = tmp_path / "parts", list[ScreenedBatch]()
    options = PartsOptions.of({**beside, "part_rows": 20})
    screen_parts([path], "pcba128", folder, options, pool=pool)
    whole = tmp_path / "whole.parquet"
    one = ScreenOptions.of({**beside, "workers": 1})
    screen([path], PendingModel("pcba128"), whole, one, watch=[batches.append])
    merge(folder, tmp_path / "all.parquet")
    assert (tmp_path / "all.parquet").read_bytes() == whole.read_bytes()
    plan = PartsFolder(folder).plan()
    assert plan is not None
    for how in ({"top": 3, "new_only": True}, {"select": 0.9}):
        merge(folder, tmp_path / "some.csv", MergeOptions.of({**how, "overwrite": True}))
        sink = io.BytesIO()
        layout, asked = plan.table.layout(), ScreenOptions.of(how)
        writer = writer_of(sink, layout, asked, formats["csv"], None)
        for batch in batches:
            writer.write(replace(batch, new_only=asked.new_only))
        writer.close()
        assert (tmp_path / "some.csv").read_bytes() == sink.getvalue()
        assert sink.getvalue().count(b"\n") > 1


def test_a_partial_output_says_so(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    folder, output = tmp_path / "parts", tmp_path / "all.csv.gz"
    shard = Shard(index=2, n=2)
    screen_parts(inputs, model_folder, folder, SMALL, shard=shard, pool=pool)
    with pytest.raises(InputError, match="3 of 6 parts still to be written"):
        merge(folder, output)
    with pytest.raises(ConfigError, match="name a file"):
        merge(folder, options=MergeOptions(partial=True))
    summary = merge(folder, tmp_path / "all.csv", MergeOptions(partial=True))
    assert not summary.is_complete
    assert summary.output == str(tmp_path / "all.partial.csv")
    with (tmp_path / "all.partial.csv").open() as file:
        assert len([*csv.reader(file)]) == 1 + summary.rows == 1 + 25 + 0 + 5
    assert not output.exists()
    screen_parts(inputs, model_folder, folder, SMALL, pool=pool)
    merge(folder, tmp_path / "all.csv", MergeOptions(partial=True))
    assert (tmp_path / "all.csv").is_file()


def test_what_cannot_be_joined(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set of parts"):
        merge(tmp_path / "nothing", tmp_path / "out.csv")
    with pytest.raises(ConfigError, match=r"select needs p-values.*screen --p-values"):
        merge(parts, tmp_path / "out.csv", MergeOptions(select=0.1))
    with pytest.raises(ConfigError, match="top and long exclude each other"):
        merge(parts, tmp_path / "out.csv", MergeOptions(top=3, long=True))
    part = parts / "parts" / "part-00001.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"part-00001.parquet: is not what its receipt says"):
        merge(parts, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    assert PartsFolder(parts).is_complete


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize(
    ("source", "target", "fault"),
    [
        (
            "part-00000",
            "part-00001",
            r"record 1 of .*a\.smi is in the place of record 26 of .*a\.smi",
        ),
        (
            "part-00004",
            "part-00000",
            r"record 1 of .*c\.csv is in the place of record 1 of .*a\.smi",
        ),
        ("part-00005", "part-00001", "5 records are in the place of 25"),
    ],
)
@pytest.mark.cases(3)
def test_a_part_in_the_place_of_another_is_no_part(
    inputs: list[str],
    model_folder: Path,
    pool: Pool,
    tmp_path: Path,
    form: str,
    source: str,
    target: str,
    fault: str,
) -> None:
    """Both of its files fit each other: only its records tell."""
    folder = tmp_path / "parts"
    options = SMALL.model_copy(update={"format": form, "spreadsheet_safe": True})
    screen_parts(inputs, model_folder, folder, options, pool=pool)
    merge(folder, tmp_path / "whole.csv")
    for place, suffix in (("parts", form), ("receipts", "json")):
        content = (folder / place / f"{source}.{suffix}").read_bytes()
        (folder / place / f"{target}.{suffix}").write_bytes(content)
    with pytest.raises(InputError, match=fault):
        merge(folder, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "name", ["parts/part-00001.parquet", "parts/all.parquet", "receipts/all.csv", "plan.json"]
)
@pytest.mark.cases(2)
def test_no_output_stands_among_the_parts(parts: Path, tmp_path: Path, name: str) -> None:
    before = held(parts)
    (tmp_path / "link").symlink_to(parts)
    for folder in (parts, tmp_path / "link"):
        with pytest.raises(OutputError, match="among the parts that are joined"):
            merge(parts, folder / name, MergeOptions(overwrite=True))
    assert held(parts) == before
    merge(parts, parts / "all.csv")
    assert merge(parts, tmp_path / "all.csv").is_complete
