"""One core for PyTorch, where its threads would wait for each other more than they compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread

_ALONE = Lock()


def stay_on_one_core() -> None:
    """Let this thread compute alone; others, and those that begin later, as they did."""
    import torch

    with _ALONE:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        # That also holds for all threads that begin later, unless another one sets it back.
        other = Thread(target=torch.set_num_threads, args=(before,))
        other.start()
        other.join()


@contextmanager
def on_one_core() -> Iterator[None]:
    """Let this thread compute alone until the block ends."""
    import torch

    before = torch.get_num_threads()
    stay_on_one_core()
    try:
        yield
    finally:
        torch.set_num_threads(before)
