"""Inputs and data sets of parts in an object store, through Arrow's client of S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bioassay_mtl.chem.pool import Pool
from bioassay_mtl.errors import InputError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.parts import PartsFolder, Shard, merge, screen_parts
from bioassay_mtl.screening.parts.store import ObjectStore
from tests.object_store import Objects, object_store
from tests.screening.parts.conftest import SMALL, held


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    with object_store() as store:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{store.server_port}",
            "AWS_ACCESS_KEY_ID": "anyone",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, value)
        yield store


class Stop(Exception):
    pass


@pytest.mark.parametrize("name", ["some.smi", "some.parquet"])
@pytest.mark.cases(1)
def test_parts_are_those_of_a_folder(
    store: Objects,
    nci_smiles: list[str],
    model_folder: Path,
    pool: Pool,
    tmp_path: Path,
    name: str,
) -> None:
    path = tmp_path / name
    if name == "some.smi":
        path.write_text("\n".join(nci_smiles[:60]))
    else:
        pq.write_table(pa.table({"smiles": nci_smiles[:60]}), path, row_group_size=20)
    screen_parts([path], model_folder, tmp_path / "out", SMALL, pool=pool)
    store.held[f"bucket/in/{name}"] = path.read_bytes()
    uri, out, left = f"s3://bucket/in/{name}", "s3://bucket/out", 4

    def stop(batch: ScreenedBatch) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stop

    with pytest.raises(Stop):
        screen_parts([uri], model_folder, out, SMALL, pool=pool, watch=[stop])
    before = {key for key in store.held if "parts/" in key}
    assert before == {f"bucket/out/parts/part-{number:05}.parquet" for number in range(len(before))}
    assert not PartsFolder(out).is_complete
    summary = screen_parts([uri], model_folder, out, SMALL, pool=pool)
    assert summary.written == summary.parts - len(before) == 3 - len(before) > 0
    parts = {name: content for name, content in held(tmp_path / "out").items() if "part" in name}
    prefix = "bucket/out/"
    found = {key.removeprefix(prefix): each for key, each in store.held.items() if prefix in key}
    assert {name: each for name, each in found.items() if "part" in name} == parts
    assert PartsFolder(out).is_complete
    del store.held["bucket/out/parts/part-00001.parquet"]
    screen_parts([uri], model_folder, out, SMALL, pool=pool, shard=Shard(index=1, n=3))
    assert not PartsFolder(out).is_complete
    screen_parts([uri], model_folder, out, SMALL, pool=pool)
    assert {k.removeprefix(prefix): each for k, each in store.held.items() if prefix in k} == found
    for folder in (out, str(tmp_path / "out")):
        merge(folder, tmp_path / f"{len(folder)}.csv")
    texts = {each.read_bytes() for each in tmp_path.glob("*.csv")}
    assert len(texts) == 1


def test_what_is_not_there_is_said(store: Objects, model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s3://bucket/none\.smi: no such file"):
        screen_parts(["s3://bucket/none.smi"], model_folder, tmp_path / "out", SMALL)
    with pytest.raises(InputError, match="is no data set of parts"):
        merge("s3://bucket/out", tmp_path / "all.csv")
    with pytest.raises(InputError, match="no URI of a store that is known"):
        screen_parts(["carrier-pigeon://a/b.smi"], model_folder, tmp_path / "out", SMALL)


def test_what_is_there_is_listed_and_only_that_is_read(
    store: Objects,
    nci_smiles: list[str],
    model_folder: Path,
    pool: Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, out = tmp_path / "some.smi", "s3://bucket/out"
    path.write_text("\n".join(nci_smiles[:60]))
    screen_parts([path], model_folder, out, SMALL, pool=pool, shard=Shard(index=1, n=2))
    folder = PartsFolder(out)
    plan = folder.plan()
    assert plan is not None
    read, names = ObjectStore.read, list[str]()

    def counted(place: ObjectStore, name: str) -> bytes | None:
        names.append(name)
        return read(place, name)

    monkeypatch.setattr(ObjectStore, "read", counted)
    first, missing, third = folder.receipts(plan)
    assert first is not None
    assert third is not None
    assert missing is None
    assert sorted(names) == ["receipts/part-00000.json", "receipts/part-00002.json"]
    assert folder.receipts(plan, plan.parts[2:]) == [third]
    store.held["bucket/out/parts/part-00000.parquet"] += b"!"  # not what its receipt is of
    assert folder.receipts(plan) == [None, None, third]


def test_an_object_is_given_once_by_a_name_that_can_be(
    store: Objects, model_folder: Path, tmp_path: Path
) -> None:
    store.held["bucket/a.smi"] = b"CCO\n"
    for other, fault in (
        ("s3://bucket/%61.smi", "given twice"),
        ("s3://bucket/a.smi/", "given twice"),
        ("s3://bucket//a.smi", "between two slashes there is no name"),
    ):
        with pytest.raises(InputError, match=fault):
            screen_parts(["s3://bucket/a.smi", other], model_folder, tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_reached_is_not_called_damaged() -> None:
    with pytest.raises(InputError, match=r"plan.json: cannot be read: [^(]*$"):
        PartsFolder("s3:///out").plan()
