"""Trainings side by side, each in a process of its own, which this process follows and ends.

Where the processes are is for :class:`Jobs` to say. Those of this machine read what they learn from
one file, mapped by all of them, and share out the threads of this one: a training of so many
threads gives the same weights here as in sequence, bit for bit. They end with this process, however
it ends.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import torch

from bioassay_mtl.chem.lifeline import end_with
from bioassay_mtl.chem.worker import receive, send
from bioassay_mtl.errors import BioassayError, ConfigError, OutputError, WorkerError
from bioassay_mtl.registry import check_shared
from bioassay_mtl.training.child import death, serving
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.jobs import Heard, Jobs, Process
from bioassay_mtl.training.mapped import read_mapped, remove_mapped, write_mapped
from bioassay_mtl.training.scratch import STATES
from bioassay_mtl.training.session import Session

Told = Callable[[int, Mapping[str, Any]], bool]
"""Callback with the index of a training and the record of its epoch; says whether to go on."""

Ended = Callable[[int, BioassayError | None], object]
"""Callback with the index of a training and its fault; None where it ended, or was stopped."""

_READY, _EPOCH, _LOG, _ENDED = "ready", "epoch", "log", "ended"


@dataclass(frozen=True)
class Training:
    """One of several.

    Parameters
    ----------
    session
        Session to learn, and how.
    folder
        Folder of the model; None where none is to be kept.
    given
        Further arguments of :func:`bioassay_mtl.training.fit.train_session`.
    """

    session: Session
    folder: Path | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


class _Stopped(Exception):
    """A training that is not to go on."""


class _Here:
    """A process of this machine.

    Parameters
    ----------
    process
        The process.
    log
        File of its messages.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log

    def say(self, what: object) -> None:
        stream = self._process.stdin
        assert stream is not None
        with suppress(BrokenPipeError):  # it died, which its other pipe tells
            send(stream, pickle.dumps(what))

    def death(self) -> WorkerError:
        return death(self._process.wait(), self._log)


@contextmanager
def started_here(place: int, data: Path, n_threads: int, heard: Heard) -> Iterator[Process]:
    """Start a process of this machine: see :class:`Start`."""
    log = data.with_name(f"process-{place}.log")
    with serving(__name__, log, answers=True, env=_one_gpu(place)) as process:
        listening = Thread(target=_listen, args=(place, process, heard), daemon=True)
        listening.start()
        try:
            here = _Here(process, log)
            here.say((str(data), n_threads))
            yield here
        finally:
            process.kill()
            listening.join()


def _listen(place: int, process: subprocess.Popen[bytes], heard: Heard) -> None:
    """Pass on what a process tells; at its end, that there is no more."""
    assert process.stdout is not None
    with suppress(EOFError, OSError), process.stdout:
        while True:
            heard.put((place, receive(process.stdout)))
    heard.put((place, (None, None)))


def _one_gpu(place: int) -> dict[str, str]:
    """Environment that lets a process see one GPU of several."""
    n = torch.cuda.device_count()
    if n < 2:
        return {}
    seen = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(n)))
    return {"CUDA_VISIBLE_DEVICES": seen.split(",")[place % n]}


def train_side_by_side(trainings: Sequence[Training], jobs: Jobs, told: Told, ended: Ended) -> None:
    """Train all, in their order; parameters and errors as of :func:`crew_of` and of a crew."""
    with crew_of(trainings, jobs) as crew:
        crew.train(range(len(trainings)), told, ended)


@contextmanager
def crew_of(trainings: Sequence[Training], jobs: Jobs) -> Iterator[Crew]:
    """Processes for some trainings, which end with the block.

    Parameters
    ----------
    trainings
        All that may be asked for.
    jobs
        Processes, each with its share of this one's threads. Where this machine has several GPUs,
        each process has one, in turn.

    Raises
    ------
    ConfigError
        They need a kind that this process alone knows, or several devices each.
    OutputError
        The folder of temporary files has no room for what they learn from.
    """
    for training in trainings:
        _check(training)
    start = jobs.start or started_here
    size = min(jobs.n, len(trainings))
    n_threads = max(1, torch.get_num_threads() // size)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        data = folder / "trainings"
        try:
            write_mapped(list(trainings), data)
        except OSError as error:
            raise OutputError(
                f"{data}: what processes learn from could not be written: {error.strerror} (TMPDIR "
                "names another folder; one training at a time needs none)"
            ) from error
        heard: Heard = SimpleQueue()
        crew = [stack.enter_context(start(place, data, n_threads, heard)) for place in range(size)]
        yield Crew(data, crew, heard)


def _check(training: Training) -> None:
    config = training.session.config
    check_shared((config.network, config.loss, config.balance, config.sampling))
    if config.devices != 1:
        raise ConfigError(
            f"devices: {config.devices}: trainings side by side have one device each: choose one "
            "of the two"
        )


class Crew:
    """The processes.

    Parameters
    ----------
    data
        File of the trainings.
    processes
        Those that train.
    heard
        Their messages.
    """

    def __init__(self, data: Path, processes: Sequence[Process], heard: Heard) -> None:
        self._data, self._unready = data, len(processes)
        self._processes, self._heard = processes, heard
        self._idle = list[int]()

    def train(self, numbers: Iterable[int], told: Told, ended: Ended) -> None:
        """Have some trained; an exception of what is called ends it.

        Parameters
        ----------
        numbers
            Indices of trainings, which are begun in this order.
        told, ended
            Called in this thread.

        Raises
        ------
        WorkerError
            A process died. What it trained can be resumed, as after a kill of all.
        """
        waiting, at_work = deque(numbers), dict[int, int]()

        def give(place: int) -> None:
            if waiting:
                at_work[place] = waiting.popleft()
                self._processes[place].say(at_work[place])
            else:
                self._idle.append(place)

        idle, self._idle = self._idle, []
        for place in idle:
            give(place)
        while waiting or at_work:
            place, (what, content) = self._heard.get()
            process = self._processes[place]
            if what == _EPOCH:
                process.say(told(at_work[place], content))
            elif what == _LOG:
                name, level, message = content
                logging.getLogger(name).log(level, "%s", message)
            elif what == _READY:
                self._note_ready()
                give(place)
            elif what == _ENDED:
                ended(at_work.pop(place), content)
                give(place)
            elif place in at_work or self._unready:
                raise process.death()

    def _note_ready(self) -> None:
        self._unready -= 1
        if not self._unready:
            with suppress(OSError):  # a system that keeps what is mapped: it goes in the end
                remove_mapped(self._data)


class _Forwarded(logging.Handler):
    """Has the first process log what this one would."""

    def emit(self, record: logging.LogRecord) -> None:
        _tell(_LOG, (record.name, record.levelno, record.getMessage()))


def _tell(what: str, content: object = None) -> None:
    send(sys.stdout.buffer, pickle.dumps((what, content)))


def _on_epoch(record: Mapping[str, Any]) -> None:
    _tell(_EPOCH, dict(record))
    if not receive(sys.stdin.buffer):
        raise _Stopped


def serve(first: int) -> None:
    """Train what is asked for, until the first process, an id, is gone or closes the pipe."""
    end_with(first)
    path, n_threads = receive(sys.stdin.buffer)
    torch.set_num_threads(n_threads)
    log = logging.getLogger("bioassay_mtl")
    log.addHandler(_Forwarded())
    log.propagate = False
    trainings: list[Training] = read_mapped(Path(path))
    _tell(_READY)
    with suppress(EOFError):
        while True:
            number = receive(sys.stdin.buffer)
            _tell(_ENDED, _failure(trainings[number]))


def _failure(training: Training) -> BioassayError | None:
    """Train; what it failed of, if the user can mend it."""
    try:
        train_member(training.session, training.folder, progress=_on_epoch, **training.given)
    except BioassayError as error:
        return error
    except _Stopped:
        pass
    return None


def train_member(session: Session, folder: Path | None, **given: Any) -> None:
    """Train one of several models, from where it was cut off.

    Parameters
    ----------
    session
        Session that it learns, and how.
    folder
        Folder of the model; None for none.
    given
        Further arguments of :func:`bioassay_mtl.training.fit.train_session`.
    """
    resume = False
    if folder is not None:
        begun = folder.with_name(folder.name + ".training")
        resume = any((begun / state).exists() for state in STATES)
    train_session(session, out=folder, resume=resume, **given)
