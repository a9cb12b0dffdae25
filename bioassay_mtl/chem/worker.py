"""A worker process: structures in, answers out, over its standard pipes.

Messages are a length (8 bytes, little-endian) and that many bytes of pickle. Both ends of the pipes
are this package's own processes; nothing from a file or a network is unpickled.

Beside the pipes there is a board of eight bytes, shared with the parent: how many records this
worker has begun. It tells the parent which record a worker that hangs or died was at.
"""

from __future__ import annotations

import mmap
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from bioassay_mtl.chem.lifeline import end_with

if TYPE_CHECKING:
    from bioassay_mtl.chem.molecule import Notation
    from bioassay_mtl.chem.status import Status

Job = Callable[[Sequence[Any], "Notation", "Mapping[int, Status]"], Any]
"""Job on structures; of some, by position, the status is known already."""

BOARD_BYTES = 8
MEMORY = 192 * 1024 * 1024
"""Bytes that the structures of one request may take, beside what the worker takes anyhow."""

OUT_OF_MEMORY = 3
"""Exit code of a worker that could not hold an answer."""

LOADED_FIRST = ("bioassay_mtl.chem.parallel", "bioassay_mtl.chem.standardize")
"""Modules of jobs: loaded while the first records are read, in no record's time, and before memory
is limited, within which a library may find no room."""

READY = True
"""Answer of a worker that has begun, and of one that has made the job of a new recipe."""

_LENGTH_BYTES = 8


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one pickled message."""
    stream.write(len(message).to_bytes(_LENGTH_BYTES, "little") + message)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message.

    Raises
    ------
    EOFError
        If the other end closed its pipe.
    """
    head = stream.read(_LENGTH_BYTES)
    if len(head) == _LENGTH_BYTES:
        size = int.from_bytes(head, "little")
        message = stream.read(size)
        if len(message) == size:
            return pickle.loads(message)
    raise EOFError("the other end closed its pipe")


def mapping(function: Callable[[Any], Any]) -> Job:
    """The job of a function of one structure; what is known to be unusable is its status."""

    def job(structures: Sequence[Any], notation: Notation, known: Mapping[int, Status]) -> Any:
        return [known.get(i) or function(each) for i, each in enumerate(structures)]

    return job


def serve(parent: int, board: int, longest_call: float | None) -> None:
    """Answer requests until the parent closes the pipe or is gone.

    Parameters
    ----------
    parent
        Process id of the parent.
    board
        File descriptor of the board.
    longest_call
        Seconds that one record may take; None without a limit.
    """
    end_with(parent, longest_call)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what any library prints must not mix with the answers
    _be_first_to_go()
    begun = memoryview(mmap.mmap(board, BOARD_BYTES)).cast("Q")
    try:
        _serve(requests, answers, begun)
    except (EOFError, BrokenPipeError):
        sys.exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _serve(requests: IO[bytes], answers: IO[bytes], begun: memoryview[int]) -> None:
    from bioassay_mtl.errors import BioassayError, ConfigError

    for module in LOADED_FIRST:
        import_module(module)

    jobs: dict[bytes, Job] = {}
    recipe = b""
    send(answers, pickle.dumps(READY))
    while True:
        news, structures, notation, known = receive(requests)
        recipe = recipe if news is None else news
        try:
            if recipe not in jobs:
                make, *arguments = pickle.loads(recipe)
                jobs[recipe] = make(*arguments)
                _limit_memory()
            if news is not None:
                send(answers, pickle.dumps(READY))
            answer: Any = jobs[recipe](_Noted(structures, begun), notation, known)
        except MemoryError:
            raise
        except BioassayError as error:  # what the user can mend: the parent raises it, too
            answer = ConfigError(f"in a worker process: {error}")
        except Exception:  # a bug: the parent raises it with this text
            answer = traceback.format_exc()
        send(answers, pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))


class _Noted(Sequence[Any]):
    """Structures that are noted on the board as they are begun, and at their end."""

    def __init__(self, structures: Sequence[Any], begun: memoryview[int]) -> None:
        self._structures = structures
        self._begun = begun

    def __len__(self) -> int:
        return len(self._structures)

    def __getitem__(self, place: Any) -> Any:
        return self._structures[place]

    def __iter__(self) -> Iterator[Any]:
        begun = self._begun
        for structure in self._structures:
            begun[0] += 1
            yield structure
        begun[0] += 1


def _be_first_to_go() -> None:
    """Let Linux end this process, which can be replaced, not the parent, if memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit_memory() -> None:
    """Make a structure that asks for too much fail by itself, where the system can (Linux)."""
    with suppress(OSError, ImportError, ValueError):
        import resource

        held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # some libraries do not take it well
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, most))
