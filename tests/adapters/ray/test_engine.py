"""Screens on a cluster of several processes, whose workers, actors and drivers are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from bioassay_mtl.adapters.ray import cluster, engine, predict, screen
from bioassay_mtl.adapters.ray.cluster import Shares, shares
from bioassay_mtl.errors import ConfigError, MissingExtraError, OutputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.parts import PartsOptions, Shard, screen_parts
from tests.screening.parts.conftest import held
from tests.screening.tiny_model import tiny_model

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("_cluster"),
    pytest.mark.filterwarnings("default"),  # what Ray's own files leave open is not ours
]
SMALL = PartsOptions(part_rows=100, batch_size=10, workers=2)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model().save(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def molecules(tmp_path_factory: pytest.TempPathFactory, nci_smiles: list[str]) -> str:
    path = tmp_path_factory.mktemp("inputs") / "some.smi"
    path.write_text("\n".join([*nci_smiles[:1190], *["no molecule"] * 10]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, molecules: str, model_folder: Path) -> Path:
    """As one process writes it."""
    folder = tmp_path_factory.mktemp("whole") / "parts"
    screen_parts([molecules], model_folder, folder, SMALL)
    return folder


class Keeper:
    """An actor of somebody else."""

    def is_there(self) -> bool:
        return True


class Killing(threading.Thread):
    """Kills one process of the cluster of such a name, once there are some receipts."""

    def __init__(self, name: str, folder: Path, when: int) -> None:
        super().__init__(daemon=True)
        self._of, self._folder, self._when = name, folder, when
        self.killed = False

    def run(self) -> None:
        deadline = time.monotonic() + 100
        while not self.killed and time.monotonic() < deadline:
            if len([*(self._folder / "receipts").glob("part*")]) >= self._when:
                self._kill()
            time.sleep(0.005)

    def _kill(self) -> None:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if not self.killed and self._of in " ".join(process.cmdline()):
                    process.kill()
                    self.killed = True


@pytest.mark.parametrize(
    ("worker", "held_cores"), [("bioassay_mtl.chem.worker", 2), ("ray::featurized", 0)]
)
def test_workers_and_actors_are_killed_while_they_go_on_with_a_local_screen(
    molecules: str,
    model_folder: Path,
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    worker: str,
    held_cores: int,
) -> None:
    share = Shares(1, 0, 2, held_cores)  # one that holds none is as one with a GPU
    monkeypatch.setattr(engine, "shares", lambda n_parts, device: share)
    out = tmp_path / "out"
    screen_parts([molecules], model_folder, out, SMALL, shard=Shard(index=1, n=3))
    killing = [Killing(worker, out, 6), Killing("PartWriter", out, 8)]
    for each in killing:
        each.start()
    summary = screen(molecules, model_folder, out, SMALL)
    for each in killing:
        each.join()
    assert all(each.killed for each in killing)
    assert summary.is_complete
    assert held(out) == held(whole)
    assert screen(molecules, model_folder, out, SMALL).written == 0
    with pytest.raises(OutputError, match="part_rows was 100, is 102400"):
        screen(molecules, model_folder, out)


def test_a_driver_is_killed_and_started_again(
    molecules: str, model_folder: Path, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["screen", molecules, "--model", str(model_folder), "--out", str(out)]
    words += ["--part-rows", "100", "--batch-size", "10", "--engine", "ray"]
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-m", "bioassay_mtl.cli.app", *words, "--address", address]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as driver:
        while not [*(out / "receipts").glob("part*")] and driver.poll() is None:
            time.sleep(0.005)
        driver.send_signal(signal.SIGKILL)
    assert driver.returncode == -signal.SIGKILL
    told: list[str] = []
    summary = screen(molecules, model_folder, out, SMALL, tell=told.append)
    assert summary.is_complete
    assert summary.written == len(told) < summary.parts
    assert 0 < summary.rows_timed < summary.rows
    assert held(out) == held(whole)


@pytest.mark.parametrize(
    ("machines", "free", "n_parts", "expected"),
    [
        ([2], 2, 100, (1, 2)),
        ([16], 16, 1, (1, 16)),
        ([16], 16, 100, (2, 8)),
        ([64, 64], 64, 100, (16, 8)),
        ([4, 4, 4], 4, 100, (3, 4)),
        ([1, 8, 8], 8, 100, (2, 8)),
        ([1, 2], 2, 100, (1, 2)),
        ([8, 0], 8, 3, (1, 8)),
        ([0], 0, 3, (1, 1)),
        ([2], 1, 100, (2, 1)),
        ([16], 15, 1, (1, 15)),
        ([64, 64], 8, 100, (16, 8)),
        ([64, 64], 3, 10, (10, 3)),
        ([4, 4], 0, 100, (2, 4)),
    ],
)
def test_actors_use_most_of_the_cores(
    machines: list[int],
    free: int,
    n_parts: int,
    expected: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(cluster, "most_free", lambda: free)
    nodes = [{"Alive": True, "Resources": {"CPU": float(n)} if n else {}} for n in machines]
    monkeypatch.setattr(ray, "nodes", lambda: [*nodes, {"Alive": False, "Resources": {"CPU": 64}}])
    share = shares(n_parts, "cpu")
    assert (share.actors, share.held) == expected
    assert share.cores == share.held
    assert ("no core that is free" in caplog.text) == (free == 0)


def test_cores_that_others_keep_are_not_waited_for(
    molecules: str, model_folder: Path, whole: Path, tmp_path: Path
) -> None:
    keeper = ray.remote(num_cpus=1)(Keeper).remote()
    try:
        ray.get(keeper.is_there.remote())
        summary = screen(molecules, model_folder, tmp_path / "out", SMALL)
    finally:
        ray.kill(keeper)
    assert summary.is_complete
    assert held(tmp_path / "out") == held(whole)


def test_a_data_set_gets_columns(model_folder: Path, nci_smiles: list[str]) -> None:
    smiles = [*nci_smiles[:40], "no molecule"]
    rows = [{"structure": text, "plate": at} for at, text in enumerate(smiles)]
    found = predict(ray.data.from_items(rows), model_folder, smiles="structure").to_pandas()
    found = found.sort_values("plate").reset_index(drop=True)
    assert found["structure"].tolist() == smiles
    wanted = Model.load(model_folder).predict(smiles)
    assert found["status"].tolist() == wanted["status"].tolist()
    columns = [*wanted.columns[1:]]
    cells = found[columns].to_numpy(np.float32, na_value=np.nan)
    np.testing.assert_array_equal(cells, wanted[columns].to_numpy())


def test_what_an_actor_cannot_use_is_the_users_fault(
    molecules: str, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, other = engine._made_of, SMALL.model_copy(update={"part_rows": 50})
    monkeypatch.setattr(engine, "_made_of", lambda *given: {**usual(*given), "options": other})
    with pytest.raises(OutputError, match="part_rows was 100, is 50"):
        screen(molecules, model_folder, tmp_path / "out", SMALL)


def test_what_a_cluster_lacks_is_said(
    molecules: str, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="the cluster has no GPU"):
        screen(molecules, model_folder, tmp_path / "out", SMALL, device="cuda")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"bioassay-mtl\[ray\]"):
        screen(molecules, model_folder, tmp_path / "other", SMALL)
    assert not (tmp_path / "other").exists()
