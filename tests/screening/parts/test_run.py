"""Data sets of parts: gone on with, shared among processes, refused where they would not fit."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, InputError, OutputError
from bioassay_mtl.files import sha256
from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.parts import (
    PartsFolder,
    PartsOptions,
    PartsSummary,
    Shard,
    screen_parts,
)
from bioassay_mtl.screening.parts import run as running
from bioassay_mtl.screening.parts.plan import Part
from tests.screening.parts.conftest import SMALL, held
from tests.screening.tiny_model import tiny_model


def test_a_data_set(inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path) -> None:
    summary = screen_parts(inputs, model_folder, tmp_path / "out", SMALL, pool=pool)
    assert (summary.parts, summary.finished, summary.written, summary.rows) == (6, 6, 6, 90)
    assert summary.statuses["empty"] == 1
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [part["rows"] for part in manifest["parts"]] == [25, 25, 10, 0, 25, 5]
    assert manifest["rows"] == 90
    assert manifest["statuses"] == summary.statuses
    assert [(each["path"], each["bytes"]) for each in manifest["inputs"]] == [
        (path, Path(path).stat().st_size) for path in inputs
    ]
    names = [f"part-{number:05}.parquet" for number in range(6)]
    assert sorted(os.listdir(tmp_path / "out" / "parts")) == names  # noqa: PTH208
    hashes = [sha256(tmp_path / "out" / "parts" / name) for name in names]
    assert [part["sha256"] for part in manifest["parts"]] == hashes
    table = ds.dataset(tmp_path / "out" / "parts").to_table().to_pylist()
    assert [row["row"] for row in table] == [*range(1, 61), *range(1, 31)]  # in its own file
    assert [row["file"] for row in table] == [inputs[0]] * 60 + [inputs[2]] * 30
    assert table[-1]["id"] == "m129\nof a plate"
    again = screen_parts(inputs, model_folder, tmp_path / "out", SMALL)
    assert (again.written, again.rows, again.rows_timed) == (0, 90, 0)


class Stop(Exception):
    pass


@pytest.mark.parametrize("after", [1, 3, 5, 7])
def test_goes_on_where_it_stopped(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path, after: int
) -> None:
    screen_parts(inputs, model_folder, tmp_path / "whole", SMALL, pool=pool)
    left = after

    def stop(batch: ScreenedBatch) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stop

    with pytest.raises(Stop):
        screen_parts(inputs, model_folder, tmp_path / "out", SMALL, pool=pool, watch=[stop])
    whole, broken = held(tmp_path / "whole"), held(tmp_path / "out")
    assert set(broken) < set(whole)
    assert all(whole[name] == content for name, content in broken.items())
    assert not PartsFolder(tmp_path / "out").is_complete
    done = sum(name.startswith("parts/") for name in broken)
    summary = screen_parts(inputs, model_folder, tmp_path / "out", SMALL, pool=pool)
    assert summary.written == 6 - done
    sizes = [25, 25, 10, 0, 25, 5]
    there = [f"parts/part-{number:05}.parquet" in broken for number in range(6)]
    rows = sum(size for size, had in zip(sizes, there, strict=True) if not had)
    assert (summary.rows, summary.rows_timed) == (90, rows)
    assert summary.molecules_per_second["total"] == round(rows / summary.seconds["total"], 1)
    assert held(tmp_path / "out") == whole


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
def test_formats_of_text(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path, form: str
) -> None:
    options = SMALL.model_copy(update={"format": form})
    screen_parts(inputs, model_folder, tmp_path / "out", options, pool=pool)
    first = tmp_path / "out" / "parts" / f"part-00000.{form}"
    assert first.read_bytes().count(b"\n") == 25 + (form != "jsonl")


def test_shards_make_the_whole(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    screen_parts(inputs, model_folder, tmp_path / "whole", SMALL, pool=pool)
    for index in (3, 1, 2):
        assert not PartsFolder(tmp_path / "out").is_complete
        shard = Shard(index=index, n=3)
        done = screen_parts(inputs, model_folder, tmp_path / "out", SMALL, shard=shard, pool=pool)
        assert done.written == 2
    assert held(tmp_path / "out") == held(tmp_path / "whole")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"part_rows": 20}, "part_rows was 25, is 20"),
        ({"assays": ("PCBA-1",)}, "assays was not given, is PCBA-1"),
        ({"format": "csv"}, "format was parquet, is csv"),
        ({"max_atoms": 30}, "max_atoms was not given, is 30"),
        ({"annotate": ("liabilities",)}, "what stands beside predictions was none, is liabilities"),
    ],
)
def test_other_options_are_refused(
    inputs: list[str],
    model_folder: Path,
    pool: Pool,
    tmp_path: Path,
    change: dict[str, Any],
    reason: str,
) -> None:
    shard = Shard(index=6, n=6)
    screen_parts(inputs, model_folder, tmp_path / "out", SMALL, shard=shard, pool=pool)
    before = held(tmp_path / "out")
    with pytest.raises(OutputError, match=reason):
        screen_parts(inputs, model_folder, tmp_path / "out", SMALL.model_copy(update=change))
    with pytest.raises(OutputError, match="device was cpu, is cuda"):
        screen_parts(inputs, model_folder, tmp_path / "out", SMALL, device="cuda:0")
    assert held(tmp_path / "out") == before
    assert screen_parts(  # how many work on it changes nothing
        inputs,
        model_folder,
        tmp_path / "out",
        SMALL.model_copy(update={"workers": 7}),
        shard=shard,
        pool=pool,
    ).finished


def test_other_inputs_and_models_are_refused(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    shard, out = Shard(index=6, n=6), tmp_path / "out"
    screen_parts(inputs, model_folder, out, SMALL, shard=shard, pool=pool)
    for others, reason in (
        (inputs[:2], "is missing now"),
        ([*inputs[1:], inputs[0]], "inputs have another order"),
        ([os.path.relpath(inputs[0]), *inputs[1:]], r"a\.smi is given as \.\..*a\.smi now"),
    ):
        with pytest.raises(OutputError, match=reason):
            screen_parts(others, model_folder, out, SMALL)
    other: Model = tiny_model()
    other.label_counts["active"][0] += 1
    with pytest.raises(OutputError, match=r"model was tiny \(\w{12}\), is tiny \(\w{12}\)"):
        screen_parts(inputs, other.save(tmp_path / "tiny"), out, SMALL)
    as_changed = Path(inputs[0]).stat().st_mtime_ns
    Path(inputs[0]).touch()
    with pytest.raises(OutputError, match=r"a.smi has changed, by the time of its last change \("):
        screen_parts(inputs, model_folder, out, SMALL)
    os.utime(inputs[0], ns=(as_changed, as_changed))
    Path(inputs[1]).write_text("smiles,names\n")
    with pytest.raises(OutputError, match=r"b.csv has changed.*choose another folder"):
        screen_parts(inputs, model_folder, out, SMALL)


def test_an_input_that_changes_meanwhile_makes_no_part(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    path, out = Path(inputs[0]), tmp_path / "out"
    lines = path.read_text().splitlines(keepends=True)

    def change(batch: ScreenedBatch) -> None:
        if batch.first_row == 26:
            path.write_text("".join(lines[::-1]))

    with pytest.raises(InputError, match=r"a\.smi: has changed while it was read"):
        screen_parts(inputs[:1], model_folder, out, SMALL, pool=pool, watch=[change])
    assert [each.name for each in (out / "receipts").iterdir()] == ["part-00000.json"]
    assert [each.name for each in (out / "parts").iterdir()] == ["part-00000.parquet"]


def test_what_cannot_be_screened_in_parts(
    inputs: list[str], model_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for change, reason in (
        ({"top": 3}, "top cannot be obeyed part by part"),
        ({"overwrite": True}, "delete the folder"),
        ({"format": "xlsx"}, "parts are parquet, csv"),
    ):
        with pytest.raises(ConfigError, match=reason):
            screen_parts(inputs, model_folder, out, PartsOptions.of(change))
    for files, fault in (
        (["-"], "standard input cannot be read again"),
        (["/dev/null"], "no file that can be read again"),
        ([*inputs, inputs[0]], "given twice"),
        ([*inputs, os.path.relpath(inputs[0])], "given twice"),
    ):
        with pytest.raises(InputError, match=fault):
            screen_parts(files, model_folder, out, SMALL)
    assert not out.exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").touch()
    with pytest.raises(InputError, match="other things in it"):
        screen_parts(inputs, model_folder, tmp_path / "other", SMALL)
    with pytest.raises(OutputError, match="as a path, not as a URI"):
        screen_parts(inputs, model_folder, f"file://{out}", SMALL)
    with pytest.raises(ConfigError, match="shard 4 of 3"):
        Shard(index=4, n=3)


def test_two_at_a_time_share_the_parts(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    """While one is in the midst of its first part, another does what is left."""
    screen_parts(inputs, model_folder, tmp_path / "whole", SMALL, pool=pool)
    out, other = tmp_path / "out", list[PartsSummary]()
    watch = [lambda batch: nested() if not other else None]

    def nested() -> None:
        other.append(screen_parts(inputs, model_folder, out, SMALL, pool=pool))

    mine = screen_parts(inputs, model_folder, out, SMALL, pool=pool, watch=watch)
    assert other[0].elsewhere >= 1
    assert other[0].written == other[0].finished == 6 - other[0].elsewhere
    assert mine.written == other[0].elsewhere
    begun = running.begin_parts(inputs, model_folder, out, SMALL)
    late = running.summary_of(begun, {}, written=[], elsewhere=begun.plan.parts)
    assert late.elsewhere == 0  # they were written elsewhere, and are finished now
    assert held(out) == held(tmp_path / "whole")


def test_where_locks_do_not_work_two_write_the_same(
    inputs: list[str],
    model_folder: Path,
    pool: Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bioassay_mtl import files

    monkeypatch.setattr(files, "_lock", lambda descriptor: None)
    screen_parts(inputs, model_folder, tmp_path / "whole", SMALL, pool=pool)
    out, nested = tmp_path / "out", list[int]()

    def meanwhile(batch: ScreenedBatch) -> None:
        if not nested:
            nested.append(0)
            nested[0] = screen_parts(inputs, model_folder, out, SMALL, pool=pool).written

    mine = screen_parts(inputs, model_folder, out, SMALL, pool=pool, watch=[meanwhile])
    assert nested == [6]
    assert mine.written >= 1
    assert held(out) == held(tmp_path / "whole")


def test_a_part_that_is_gone_is_made_again(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    screen_parts(inputs, model_folder, out, SMALL, pool=pool)
    whole = held(out)
    (out / "parts" / "part-00001.parquet").unlink()
    (out / "parts" / "part-00004.parquet").write_bytes(b"cut")
    other = Shard(index=3, n=6)
    assert not screen_parts(inputs, model_folder, out, SMALL, shard=other, pool=pool).is_complete
    assert not PartsFolder(out).is_complete
    assert screen_parts(inputs, model_folder, out, SMALL, pool=pool).written == 2
    assert held(out) == whole


def test_damaged_plans_and_receipts_are_named(
    inputs: list[str], model_folder: Path, pool: Pool, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    screen_parts(inputs, model_folder, out, SMALL, pool=pool)
    whole = held(out)
    for name, remedy in (("receipts/part-00002.json", "delete it"), ("plan.json", "put back")):
        (out / name).write_text('{"rows": 3')
        with pytest.raises(InputError, match=rf"{name}: cannot be used.*\({remedy}"):
            screen_parts(inputs, model_folder, out, SMALL)
        (out / name).unlink()
        if name != "plan.json":
            assert screen_parts(inputs, model_folder, out, SMALL, pool=pool).written == 1
            assert held(out) == whole


def test_columns_that_a_file_lacks_are_said_before_anything_is_written(
    inputs: list[str], model_folder: Path, tmp_path: Path
) -> None:
    options = SMALL.model_copy(update={"keep": ("plate",)})
    with pytest.raises(InputError, match="plate"):
        screen_parts(inputs[2:], model_folder, tmp_path / "out", options)
    assert not (tmp_path / "out").exists()
    assert Shard() == running.ALL


def test_a_part_is_a_portion_with_a_name_and_knows_no_other_key() -> None:
    part = Part(path="a.smi", unit="bytes", start=3, stop=9, name="part-00001")
    assert [*part.of(iter("abc"))] == ["a", "b", "c"]
    assert Parts.of({"parts": [asdict(part)]}).parts == (part,)
    with pytest.raises(ConfigError, match="end"):
        Parts.of({"parts": [asdict(part) | {"end": 3}]})


class Parts(Config):
    parts: tuple[Part, ...]
