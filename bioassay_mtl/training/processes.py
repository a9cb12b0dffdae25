"""The other ranks of a run."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from bioassay_mtl.chem.lifeline import end_with
from bioassay_mtl.chem.worker import receive, send
from bioassay_mtl.errors import ConfigError, WorkerError
from bioassay_mtl.registry import check_shared
from bioassay_mtl.training import place
from bioassay_mtl.training.child import death, serving
from bioassay_mtl.training.loop import Run, fit
from bioassay_mtl.training.place import Place


@contextmanager
def other_ranks(run: Run, kind: str, n_ranks: int) -> Iterator[Place]:
    """Context in which all other ranks of a run are at work, and wait for this one, the first.

    Parameters
    ----------
    run
        Run to train.
    kind
        Kind of the devices: ``cpu`` or ``cuda``.
    n_ranks
        Number of ranks, with this process.

    Raises
    ------
    WorkerError
        If another rank died.
    """
    if n_ranks == 1:
        yield Place(kind)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        n_threads = max(1, torch.get_num_threads() // n_ranks)
        first = Place(kind, 0, n_ranks, n_threads, str(folder / "meeting"))
        logs = [folder / f"rank-{rank}.log" for rank in range(1, n_ranks)]
        others = [stack.enter_context(serving(__name__, log)) for log in logs]
        try:
            for rank, process in enumerate(others, start=1):
                assert process.stdin is not None
                send(process.stdin, pickle.dumps((run, replace(first, rank=rank))))
            yield first
        except (OSError, RuntimeError) as error:
            # A rank that meets an error leaves, and so do all others, which lose their connection.
            for process, log in zip(others, logs, strict=True):
                with suppress(subprocess.TimeoutExpired):
                    if process.wait(timeout=_patience(error)):
                        raise death(process.returncode, log, _unshared(run)) from error
            if any(words in str(error).lower() for words in ("timed out", "timeout")):
                raise WorkerError(
                    f"another training process has not answered for {place.PATIENCE}: {error}"
                ) from error
            raise


def serve(first: int) -> None:
    """Be one of the other ranks, until the run ends or the first rank, a process id, is gone."""
    end_with(first)
    run, place = receive(sys.stdin.buffer)
    fit(run, place)


def _patience(error: Exception) -> float:
    """Seconds to wait for another rank's end: it is certain where the connection to it is lost."""
    is_lost = any(word in str(error) for word in ("onnection", "peer", "remote process"))
    return 60.0 if is_lost or isinstance(error, OSError) else 2.0


def _unshared(run: Run) -> str:
    """Possible reason: a kind that only this process knows."""
    config = run.config
    try:
        check_shared((config.network, config.loss, config.balance, config.sampling))
    except ConfigError as error:
        return f" ({error})"
    return ""
