"""Kills survived: ``train`` and its kin, ``save``, ``datasets fetch``, ``screen --out``.

``python -m tests.robustness.kills [--verb NAME] [--points N] [--random N] [--tell]``

Each verb runs once unbroken. Then it is killed before each change that it makes in its folder, in
the midst of writing each file, and at times drawn at random. A kill is survived where

- every final name is absent, as it was, or whole: the bytes of the unbroken run;
- the same command again (``--resume`` where there is one) ends well, with those very bytes;
- nothing else stays, but what the unbroken run leaves and logs.

The dates in ``report.html`` and in the record of a fetch are those of the day, and not compared.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from subprocess import PIPE
from typing import Any

from benchmarks.harness.molecules import smiles_of
from benchmarks.harness.study import report
from tests.robustness.killing import Point, finished, killed_after, killed_at, points_of

RANDOM_KILLS = 40
_DATED = ("report.html", "hiv.json")
_DATE = re.compile(rb"\d{4}-\d\d-\d\d(T[0-9:+]*)?")
_LOGS = re.compile(r"(^|/)logs(-\d+)?(/|$)")
SETTINGS = (
    "fingerprints={ecfp: {kind: morgan, n_bits: 64}}",
    "network={experts: [{inputs: [ecfp], n: 2, width: 4}]}",
    "split={kind: random, fractions: [0.6, 0.2, 0.2]}",
    "epochs=2",
    "device=cpu",
)
KINDS: Mapping[str, tuple[str, ...]] = {
    "train": (),
    "folds": ("--folds", "2", "--set", "loggers=[]"),
    "ensemble": ("--ensemble", "2", "--set", "loggers=[]"),
    "tune": ("--tune", "2", "--set", "loggers=[]"),
}
"""The ways to train, and their options."""
PARTED = ("parts", "receipts")
"""Folders that are filled file by file."""
SERVER = """
import sys
from tests.datasets.server import Site, serve
with serve(Site(b"smiles,activity,HIV_active\\n" + b"CCO,CI,0\\n" * 41_127)) as site:
    print(site.url, flush=True)
    sys.stdin.read()
"""
"""Serves a file with as many rows as the HIV panel has, by any name, until its input ends."""


@dataclass(frozen=True)
class Verb:
    """What is killed: run from its folder, and whether again; and what the folder holds before."""

    name: str
    run: Callable[[Path, bool], object]
    before: Callable[[Path], object] = lambda folder: None


def verbs(work: Path, url: str) -> Iterator[Verb]:
    """All verbs, with a folder for what they begin with, and the address of a table to fetch.

    They learn of real molecules whether they hold nitrogen or a ring.
    """
    panel, smiles = work / "panel.csv", smiles_of()[:60]
    rows = [f"{each},{int('N' in each)},{int('1' in each)}" for each in smiles]
    panel.write_text("\n".join(["smiles,nitrogen,ring", *rows]) + "\n")
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    common = [str(panel), "--workers", "1"]
    for name, options in KINDS.items():
        yield _of_command(name, ["train", *common, *settings, *options], "model", ["--resume"])
    yield Verb("save", _save)
    yield Verb("save over another", partial(_save, overwrite=True), partial(_save, seed=1))
    yield _of_command("fetch", ["datasets", "fetch", "hiv", "--base-url", url], ".")
    model = str(_model(0).save(work / "to screen with"))
    yield _of_command("parts", ["screen", *common, "--model", model, "--part-rows", "20"], ".")


def _of_command(name: str, words: list[str], out: str, more: Sequence[str] = ()) -> Verb:
    def run(folder: Path, again: bool) -> None:
        from bioassay_mtl.cli.app import app

        given = [*words, "--out", str(folder / out), *(more if again else ())]
        app(given, prog_name="bioassay-mtl")

    return Verb(name, run)


def _save(folder: Path, again: bool = False, overwrite: bool = False, seed: int = 0) -> None:
    if overwrite or not (folder / "model").exists():
        _model(seed).save(folder / "model", overwrite=overwrite)


def _model(seed: int) -> Any:
    import torch

    from bioassay_mtl.chem.featurizer import Featurizer
    from bioassay_mtl.chem.fingerprints import MorganFingerprint
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.nn.architectures.base import build_network, network_config

    torch.manual_seed(seed)
    featurizer = Featurizer({"ecfp": MorganFingerprint(n_bits=64)})
    architecture = network_config({"kind": "mmoeex", "experts": [{"inputs": ["ecfp"], "width": 4}]})
    network = build_network(architecture, featurizer.n_features, ("one", "two"))
    counts = {"active": [1, 2], "inactive": [3, 4]}
    return Model(network, architecture, featurizer, ("one", "two"), counts, name=f"model {seed}")


@dataclass(frozen=True)
class Walk:
    """A verb's tries, in a folder of their own."""

    verb: Verb
    work: Path

    def faults(self, n_points: int | None, n_random: int) -> Iterator[tuple[str, str]]:
        """Kill it, and name the moment and what went wrong (empty where nothing did).

        At ``n_points`` (None: all) of the moments at which it changes its folder, and at
        ``n_random`` times.
        """
        folder, log = self._fresh(), self.work / "log"
        old = held(folder)
        points = points_of(partial(self.verb.run, folder, False), folder, log)
        new = held(folder)
        started = time.perf_counter()
        finished(partial(self.verb.run, self._fresh(), False), log)
        lasts = time.perf_counter() - started
        step = max(1, len(points) // (n_points or len(points) or 1))
        for point in points[step // 2 :: step]:
            yield str(point), self._fault(point, old, new)
        times = random.Random(0)
        for _ in range(n_random):
            seconds = times.uniform(0, lasts)
            yield f"after {seconds:.3f} s", self._fault(seconds, old, new)

    def _fault(self, moment: Point | float, old: Held, new: Held) -> str:
        folder, log = self._fresh(), self.work / "log"
        first, second = (partial(self.verb.run, folder, again) for again in (False, True))
        if isinstance(moment, Point):
            code = killed_at(moment, first, folder)
            if code >= 0:
                return f"it ended with {code} and was not killed"
        else:
            killed_after(moment, first)
        left = held(folder)
        for name in _finals(new):
            if _under(name, left) not in (_under(name, old), _under(name, new)):
                return f"{name} is neither as before nor whole"
        log.unlink(missing_ok=True)
        if code := finished(second, log):
            return f"the second run ends with {code}: {log.read_text().strip()[-300:]}"
        return self._difference(held(folder), new)

    def _difference(self, found: Held, new: Held) -> str:
        finals = _finals(new)
        for name, content in new.items():
            if _top(name) in finals and found.get(name) != content:
                return f"{name} differs from the unbroken run's"
        more = [n for n in found if n not in new and not _LOGS.search(n)]
        return f"{', '.join(sorted(more))} stay" if more else ""

    def _fresh(self) -> Path:
        folder = self.work / "folder"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.verb.before(folder)
        return folder


Held = Mapping[str, str]
"""Hashes of files by their path; folders without any end in a slash."""


def held(folder: Path) -> Held:
    """What a folder holds."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_dir():
            if not any(path.iterdir()):
                found[f"{name}/"] = ""
            continue
        content = path.read_bytes()
        if path.name in _DATED:
            content = _DATE.sub(b"DATE", content)
        found[name] = hashlib.sha256(content).hexdigest()
    return found


def _top(name: str) -> str:
    """What appears at a time: a whole folder, or a file of a data set of parts."""
    folder, _, file = name.partition("/")
    return name if file and folder in PARTED else folder


def _finals(new: Held) -> set[str]:
    """Names that only what is finished has."""
    return {_top(name) for name in new if not _top(name).endswith(".training")}


def _under(name: str, found: Held) -> Held:
    return {path: content for path, content in found.items() if _top(path) == name}


def main(arguments: list[str] | None = None) -> int:
    """Walk; the exit code is 1 where a kill was not survived."""
    parser = argparse.ArgumentParser(prog="tests.robustness.kills")
    parser.add_argument("--verb", action="append")
    parser.add_argument("--points", type=int)
    parser.add_argument("--random", type=int, default=RANDOM_KILLS)
    parser.add_argument("--tell", action="store_true", help="name what is survived, on stderr")
    given = parser.parse_args(arguments)
    _import_all()
    bad = 0
    server = [sys.executable, "-c", SERVER]  # a process of its own: tries are forked from this one
    with (
        tempfile.TemporaryDirectory() as work,
        subprocess.Popen(server, stdin=PIPE, stdout=PIPE, text=True) as site,
    ):
        assert site.stdout is not None
        for verb in verbs(Path(work), site.stdout.readline().strip()):
            if given.verb and verb.name not in given.verb:
                continue
            walk = Walk(verb, Path(work) / "walk")
            tries = list(walk.faults(given.points, given.random))
            faults = [f"{moment}: {fault}" for moment, fault in tries if fault]
            told = [f"{moment}: survived" for moment, fault in tries if given.tell and not fault]
            for line in (*faults, *told):
                sys.stderr.write(f"{verb.name}: {line}\n")
            bad += len(faults)
            survived = len(tries) - len(faults)
            report(f"kills: {verb.name}", "kill points", len(tries), "kills")
            report(f"kills: {verb.name}", "survived", survived, "kills", f"== {len(tries)}")
    return int(bad > 0)


def _import_all() -> None:
    """What every try would import for itself."""
    for name in (
        *("cli.app", "data.panels.load", "screening.pipeline", "report.folder"),
        *("training.cross_validation", "training.tuning", "nn.diagnostics"),
    ):
        import_module(f"bioassay_mtl.{name}")
    for name in ("optuna", "pandas", "torch._dynamo", "pyarrow.parquet", "scipy.optimize"):
        import_module(name)


if __name__ == "__main__":
    sys.exit(main())
