"""A worker process: structures in, features out, over its standard pipes.

Messages are a length (8 bytes, little-endian) and that many bytes of pickle. Both ends of the pipes
are this package's own processes; nothing from a file or a network is unpickled.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from typing import IO, Any

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
        Where the other end closed its pipe.
    """
    head = stream.read(_LENGTH_BYTES)
    if len(head) == _LENGTH_BYTES:
        size = int.from_bytes(head, "little")
        message = stream.read(size)
        if len(message) == size:
            return pickle.loads(message)
    raise EOFError("the other end closed its pipe")


def serve() -> None:
    """Answer requests until the parent closes the pipe or is gone."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what any library prints must not mix with the answers
    try:
        _serve(requests, answers)
    except (EOFError, BrokenPipeError):
        sys.exit(0)


def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    from bioassay_mtl.chem.featurizer import Featurizer
    from bioassay_mtl.errors import BioassayError, ConfigError

    config, featurizer = receive(requests), None
    while True:
        structures, notation, problems = receive(requests)
        try:
            featurizer = featurizer or Featurizer.from_config(config)
            answer: Any = featurizer(structures, notation, problems)
        except BioassayError as error:  # what the user can mend: the parent raises it, too
            answer = ConfigError(f"in a worker process: {error}")
        except Exception:  # a bug: the parent raises it with this text
            answer = traceback.format_exc()
        send(answers, pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))
