"""Trainings on a cluster: an actor each, which keeps a process of ours on its machine.

The process is the one that trains side by side with others on one machine; the actor carries what
it is told, and what it tells, between it and the process that called.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from bioassay_mtl.adapters.ray.cluster import connected, ray
from bioassay_mtl.chem.worker import receive, send
from bioassay_mtl.errors import WorkerError
from bioassay_mtl.training import side_by_side
from bioassay_mtl.training.child import death, serving
from bioassay_mtl.training.jobs import Heard, Jobs, Process
from bioassay_mtl.training.mapped import files_of

LAST = (None, None)
"""Message of a process that has ended."""
PATIENCE = 20
"""Seconds in which an actor is to say what its process died of."""


@contextmanager
def jobs(n: int, *, address: str | None = None) -> Iterator[Jobs]:
    """Trainings at a time on a cluster, for the ``jobs`` of searches, ensembles and folds.

    Each has the threads that it would have beside the others on this machine, so that its weights
    are the same, and a GPU where the cluster has GPUs.

    Parameters
    ----------
    n
        Number of trainings at a time.
    address
        Address of the cluster: ``auto``, or ``HOST:PORT``; None for this machine alone, or the
        cluster that the caller is connected to. All machines must see the folders of models under
        the same names.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    ConfigError
        There is no such cluster.

    Examples
    --------
    ::

        with jobs(8, address="auto") as eight:
            model = bm.tune(panel, trials=64, jobs=eight)
    """
    with connected(address, None):
        yield Jobs(n, _Cluster())


class _Cluster:
    """Starts processes on the connected cluster: see :class:`~bioassay_mtl.training.jobs.Start`."""

    def __init__(self) -> None:
        self._kept: tuple[Path, Any] | None = None

    @contextmanager
    def __call__(self, place: int, data: Path, n_threads: int, heard: Heard) -> Iterator[Process]:
        gpus = 1 if ray().cluster_resources().get("GPU", 0) else 0
        options = {"num_cpus": n_threads, "num_gpus": gpus, "max_concurrency": 2}
        actor = ray().remote(Trainer).options(**options).remote(self._files(data), n_threads)
        listening = Thread(target=_listen, args=(place, actor, heard), daemon=True)
        listening.start()
        try:
            yield _There(actor)
        finally:
            ray().kill(actor)
            listening.join()

    def _files(self, data: Path) -> Any:
        """What is learned, once in the cluster's memory."""
        if self._kept is None or self._kept[0] != data:
            self._kept = data, ray().put([path.read_bytes() for path in files_of(data)])
        return self._kept[1]


def _listen(place: int, actor: Any, heard: Heard) -> None:
    """Pass on what a process tells; at its end, or its actor's, that there is no more."""
    with suppress(ray().exceptions.RayError):
        while (message := ray().get(actor.hear.remote())) != LAST:
            heard.put((place, message))
    heard.put((place, LAST))


class _There:
    """A process of the cluster.

    Parameters
    ----------
    actor
        The actor that keeps it.
    """

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def say(self, what: object) -> None:
        self._actor.say.remote(pickle.dumps(what))

    def death(self) -> WorkerError:
        library = ray()
        try:
            found: WorkerError = library.get(self._actor.death.remote(), timeout=PATIENCE)
        except (library.exceptions.RayError, TimeoutError) as error:
            reason = str(error).strip().partition("\n")[0]
            return WorkerError(f"a training process of the cluster died: {reason}")
        return found


class Trainer:
    """An actor, and its process.

    Parameters
    ----------
    files
        Contents of what :func:`bioassay_mtl.training.mapped.files_of` names.
    n_threads
        Threads of the process.
    """

    def __init__(self, files: list[bytes], n_threads: int) -> None:
        self._open = ExitStack()
        folder = Path(self._open.enter_context(TemporaryDirectory()))
        data = folder / "trainings"
        for path, content in zip(files_of(data), files, strict=True):
            path.write_bytes(content)
        self._log = folder / "process.log"
        self._process = self._open.enter_context(
            serving(side_by_side.__name__, self._log, answers=True)
        )
        self.say(pickle.dumps((str(data), n_threads)))

    def say(self, what: bytes) -> None:
        """Tell the process something, pickled; nothing happens if it is dead."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            send(self._process.stdin, what)

    def hear(self) -> Any:
        """Wait for the next message of the process."""
        assert self._process.stdout is not None
        try:
            return receive(self._process.stdout)
        except (EOFError, OSError):
            return LAST

    def death(self) -> WorkerError:
        """Error that says what the process died of."""
        return death(self._process.wait(), self._log)
