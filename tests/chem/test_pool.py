"""Records that hang, kill or fill a worker: they alone are lost, and nothing is left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import bioassay_mtl
from bioassay_mtl.chem import isolation
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint, RDKitPathFingerprint
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.chem.isolation import each, is_plain
from bioassay_mtl.chem.molecule import canonical_smiles
from bioassay_mtl.chem.parallel import featurize, featurize_batches
from bioassay_mtl.chem.pool import Pool, Records
from bioassay_mtl.chem.status import Status
from bioassay_mtl.chem.supervised import Worker
from bioassay_mtl.chem.worker import mapping
from bioassay_mtl.errors import WorkerError
from tests.chem.test_parallel import Batch, assert_equal
from tests.hard import complete, hypercube
from tests.processes import is_alive

ROOT = Path(bioassay_mtl.__file__).resolve().parent.parent
HANGS = complete(40)  # a second and more

CULPRITS = '''
"""Functions of one text that a worker may not survive."""
import ctypes, os, re, time

def act(text):
    if text == "hang":  # in C, with Python's lock held
        re.match("(a+)+$", "a" * 60 + "b")
    if text == "sleep":
        time.sleep(3600)
    if text == "crash":
        ctypes.string_at(0)
    if text == "exit":
        os._exit(7)
    if text == "memory":
        held = []
        while True:
            held.append(bytearray(50_000_000))
    return text.upper()

def all_at_once(when):
    """A job that does something with all texts before it looks at each, or after that."""
    def job(texts, notation, known):
        if when == "before":
            [act(text) for text in texts[:]]
        answers = [known.get(row) or text.upper() for row, text in enumerate(texts)]
        if when == "after":
            [act(text) for row, text in enumerate(texts[:]) if row not in known]
        return answers
    return job

def made_slowly(seconds):
    """A job that takes its time before it can look at anything."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return all_at_once("never")
'''


@pytest.mark.parametrize("module", ["pool", "worker"])
def test_workers_can_be_started_before_anything_that_takes_long_is_loaded(module: str) -> None:
    code = (
        f"import bioassay_mtl.chem.{module}, sys\n"
        "print(*{'numpy', 'pydantic', 'rdkit'} & {*sys.modules})\n"
        "print(bioassay_mtl.chem.fingerprints.MorganFingerprint.__name__)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["", "MorganFingerprint"]


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "culprits.py").write_text(CULPRITS)
    monkeypatch.syspath_prepend(str(tmp_path))
    import culprits  # type: ignore[import-not-found]

    yield culprits.act
    del sys.modules["culprits"]


@pytest.fixture
def featurizer() -> Featurizer:
    return Featurizer({"bits": MorganFingerprint()})


def done_by(act: Any, texts: list[str], timeout: float) -> list[Any]:
    with Pool(1, timeout) as pool:
        records = Records(texts, "smiles", {})
        parts = pool.submit(pickle.dumps((mapping, act)), records).result()
    return [answer for part in parts for answer in part]


@pytest.mark.parametrize(
    ("culprit", "status"),
    [
        ("hang", Status.TIMED_OUT),
        ("sleep", Status.TIMED_OUT),
        pytest.param("crash", Status.FAILED, marks=pytest.mark.soak),
        pytest.param("exit", Status.FAILED, marks=pytest.mark.soak),
        ("memory", Status.FAILED),
    ],
)
def test_only_the_culprit_is_lost(act: Any, culprit: str, status: Status) -> None:
    timeout = 0.1 if status is Status.TIMED_OUT else 60
    texts = [*"abc", culprit, *"defg", culprit, "h"]
    found = done_by(act, texts, timeout)
    assert found == [status if text == culprit else text.upper() for text in texts]


@pytest.mark.parametrize(
    ("culprit", "status"),
    [("hang", Status.TIMED_OUT), pytest.param("exit", Status.FAILED, marks=pytest.mark.soak)],
)
def test_the_culprit_is_found_among_what_is_done_for_all_at_once(
    act: Any, culprit: str, status: Status
) -> None:
    import culprits

    with Pool(1, 0.05 if culprit == "hang" else 60) as pool:
        records = Records([*"abc", culprit, "d"], "smiles", {})
        parts = pool.submit(pickle.dumps((culprits.all_at_once, "after")), records).result()
    assert [answer for part in parts for answer in part] == [*"ABC", status, "D"]


def test_making_a_job_is_in_no_records_time(act: Any) -> None:
    import culprits

    with Pool(1, 0.05) as pool:
        recipe = pickle.dumps((culprits.made_slowly, 0.5))
        assert pool.submit(recipe, Records(["a"], "smiles", {})).result() == [["A"]]


def test_a_job_that_never_begins_with_a_record_ends(act: Any) -> None:
    import culprits

    with Pool(1, 0.05) as pool:
        recipe = pickle.dumps((culprits.all_at_once, "before"))
        with pytest.raises(WorkerError, match="ends whatever it is asked"):
            pool.submit(recipe, Records(["hang"], "smiles", {})).result()


def test_of_a_cancelled_request_no_more_is_done(act: Any) -> None:
    recipe = pickle.dumps((mapping, act))
    with Pool(1, 0.2) as pool:
        hangs = [pool.submit(recipe, Records(["hang"] * 1000, "smiles", {})) for _ in range(3)]
        after = pool.submit(recipe, Records(["a"], "smiles", {}))
        assert all(each.cancel() for each in hangs)
        assert after.result(timeout=60) == [["A"]]  # 3,000 texts would take ten minutes


@pytest.mark.soak
def test_alone_and_at_both_ends(act: Any) -> None:
    failed = Status.FAILED
    assert done_by(act, ["exit"], 60) == [failed]
    assert done_by(act, ["exit", "a", "exit"], 60) == [failed, "A", failed]
    assert done_by(act, [], 60) == []


def test_more_records_than_a_request_holds(act: Any) -> None:
    texts = [f"t{n}" for n in range(2500)]
    texts[1024] = "exit"
    found = done_by(act, texts, 60)
    assert found[1024] is Status.FAILED
    assert [*found[:1024], *found[1025:]] == [text.upper() for text in texts if text != "exit"]


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.soak), 2])
def test_a_molecule_that_does_not_end_is_timed_out(featurizer: Featurizer, workers: int) -> None:
    smiles = ["CCO", "c1ccccc1", HANGS, "CC(=O)O", "C(C"]
    batches = [Batch(smiles), Batch(["CC"]), Batch([HANGS])]
    results = list(featurize_batches(batches, featurizer, workers, timeout=0.1))
    assert [batch for batch, _ in results] == batches
    names = [[Status.from_code(code).value for code in each.status] for _, each in results]
    assert names == [["ok", "ok", "timed_out", "ok", "invalid_smiles"], ["ok"], ["timed_out"]]
    expected = featurizer(smiles, problems={2: Status.TIMED_OUT})
    assert_equal(results[0][1], expected)


def test_a_list_in_this_process_has_the_limit_too(featurizer: Featurizer) -> None:
    found = featurize([HANGS, "CCO"], featurizer, timeout=0.1)
    assert found.status.tolist() == [Status.TIMED_OUT.code, Status.OK.code]
    assert_equal(found, featurizer([HANGS, "CCO"], problems={0: Status.TIMED_OUT}))


def test_without_a_limit_hard_molecules_are_waited_for(featurizer: Featurizer) -> None:
    assert featurize([complete(30)], featurizer, timeout=0).ok.all()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is Linux's")
def test_a_molecule_that_takes_all_memory_fails(featurizer: Featurizer) -> None:
    found = featurize([hypercube(8), "CCO"], featurizer, timeout=60)
    assert found.status.tolist() == [Status.FAILED.code, Status.OK.code]


def test_texts_that_are_not_plain_are_done_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["OCC", HANGS, "C1CC1C" * 30, None, "C" * 300]
    found = each(canonical_smiles_of, texts, timeout=0.1)
    assert found == ["CCO", Status.TIMED_OUT, canonical_smiles_of("C1CC1C" * 30), None, "C" * 300]


def canonical_smiles_of(text: Any) -> str | None:
    return canonical_smiles(text, "smiles")


def test_plain_is_what_libraries_hold(nci_smiles: list[str]) -> None:
    assert sum(map(is_plain, nci_smiles)) >= 0.98 * len(nci_smiles)


def test_plain_blocks_are_told_by_their_counts() -> None:
    from rdkit.Chem import MolFromSmiles, MolToMolBlock

    for v3000 in (False, True):
        ring = MolToMolBlock(MolFromSmiles("c1ccccc1"), forceV3000=v3000)
        assert is_plain(ring, "molblock")
        hard = MolToMolBlock(MolFromSmiles(complete(8)), forceV3000=v3000)
        assert not is_plain(hard, "molblock")
    assert not is_plain("no block", "molblock")


STAR = "[U]" + "(F)" * 80 + "F"  # little text and no ring, but 10^10 ways to choose its bonds


def test_many_branches_at_one_atom_are_not_plain() -> None:
    from rdkit.Chem import MolFromSmiles, MolToMolBlock

    assert not is_plain(STAR)
    assert is_plain("FC(F)(F)C(F)(F)C(F)(F)C(F)(F)S(=O)(=O)N")
    for v3000 in (False, True):
        for smiles, plain in (("CC(C)(C)CS(F)(F)(F)(F)F", True), (STAR, False)):
            block = MolToMolBlock(MolFromSmiles(smiles), forceV3000=v3000)
            assert is_plain(block, "molblock") is plain
            titled = block.replace("\n", "M  V30 COUNTS 1 0\n", 1)
            assert is_plain(titled, "molblock") is plain


def test_paths_through_a_star_are_given_up() -> None:
    paths = Featurizer({"paths": RDKitPathFingerprint()})
    found = featurize(["CCO", STAR], paths, timeout=0.1)
    assert found.status.tolist() == [Status.OK.code, Status.TIMED_OUT.code]


PARENT = """
import sys
from tests.hard import complete
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint, RDKitPathFingerprint
from bioassay_mtl.chem import supervised
from bioassay_mtl.chem.parallel import featurize
start = supervised._start
def started(*arguments):
    process = start(*arguments)
    print(process.pid, flush=True)
    return process
supervised._start = started
featurize([complete(54)], Featurizer({"bits": MorganFingerprint()}), timeout=float(sys.argv[1]))
"""


def parent_of_a_hanging_worker(timeout: float) -> tuple[subprocess.Popen[str], int]:
    """A process that waits for a worker, and that worker, once it is inside RDKit's C++."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(timeout)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are read from /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_no_worker_outlives_its_parent(number: signal.Signals) -> None:
    process, worker = parent_of_a_hanging_worker(600)
    with process:
        _wait_until_busy(worker)
        process.send_signal(number)
        # The worker holds the other end of stderr, which is closed when it is gone.
        process.communicate(timeout=30)
    assert not is_alive(worker)


NO_KERNEL = "from bioassay_mtl.chem import lifeline; lifeline._ask_kernel = lambda: False; "


@pytest.mark.soak
def test_nor_where_the_kernel_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import subprocess, sys, os; "
        f"child = {NO_KERNEL!r} + 'import re, time; '"
        "f'lifeline.end_with({os.getpid()}, 2.0); time.sleep(0.1); print(1, flush=True); '"
        '\'re.match("(a+)+$", "a" * 60 + "b")\'; '
        "p = subprocess.Popen([sys.executable, '-c', child]); p.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        process.kill()
        _, error = process.communicate(timeout=60)  # held open by the child while it is there
    assert error == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are read from /proc")
@pytest.mark.parametrize("own", [None, "glibc.malloc.tcache_count=9"])
def test_memory_of_a_worker_is_had_in_large_pages_unless_the_user_says_otherwise(
    own: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if own:
        monkeypatch.setenv("GLIBC_TUNABLES", own)
    worker = Worker()
    try:
        assert worker.ask(pickle.dumps((mapping, len)), ["CC", "O"], "smiles", {}) == [2, 1]
        found = Path(f"/proc/{worker.process.pid}/environ").read_text()
    finally:
        worker.close()
    # glibc ends each of its settings in place.
    settings = own or "glibc.malloc.tcache_count=300:glibc.malloc.hugetlb=1"
    assert f"GLIBC_TUNABLES={settings}:" in found.replace("\0", ":")
    assert ("hugetlb" in found) == (own is None)


def test_the_worker_that_stays_is_not_a_fork_s(monkeypatch: pytest.MonkeyPatch) -> None:
    first = isolation._staying_pool(7.0)
    assert isolation._staying_pool(7.0) is first
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    other = isolation._staying_pool(7.0)
    assert other is not first
    other.stop()
    monkeypatch.undo()
    isolation._POOLS.clear()
    first.stop()


def _wait_until_busy(pid: int) -> None:
    """Until a process has used a second of processor time: it is past its start."""
    while is_alive(pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if int(fields[11]) / os.sysconf("SC_CLK_TCK") > 1.5:
            return
        time.sleep(0.05)


@pytest.mark.soak
def test_what_jobs_need_is_there_before_memory_is_limited(nci_smiles: list[str]) -> None:
    """A molecule that may be known is standardized, by a library that is loaded late."""
    known = TrainingMolecules.of(nci_smiles[:200])
    featurizer = Featurizer({"bits": MorganFingerprint()}, training=known)
    salts = [f"{text}.[Na+]" for text in nci_smiles[:200]]
    texts = [hypercube(8), *salts, hypercube(8), *["CCCC"] * 1100]
    found = featurize(texts, featurizer, workers=2)
    assert found.status[[0, 201]].tolist() == [Status.FAILED.code] * 2
    assert found.ok[202:].all()
    assert found.in_training is not None
    assert found.in_training[1:201].sum() >= 190  # salts of what is charged have another parent
