"""One core for a thread of PyTorch, while others have theirs."""

from __future__ import annotations

from threading import Thread

import pytest
import torch

from bioassay_mtl.nn.cores import on_one_core


def seen_by_another() -> int:
    found: list[int] = []
    other = Thread(target=lambda: found.append(torch.get_num_threads()))
    other.start()
    other.join()
    return found[0]


def test_one_core_is_for_this_thread_and_this_block() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with on_one_core():
            assert torch.get_num_threads() == 1
            assert seen_by_another() == 3
        assert torch.get_num_threads() == seen_by_another() == 3
        with pytest.raises(ValueError, match="within"), on_one_core():
            raise ValueError("within")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
