"""The loop that two-step is timed against does the same."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.balance_step import naive_two_step
from tests.balance.naive_two_step import gradients, make_batch, mixture, naive_update


def test_the_naive_loop_is_two_step_on_all_weights() -> None:
    batch = make_batch(mixture(), np.random.default_rng(0).random((12, 4)) < 0.7)
    update = naive_two_step(batch)
    assert update.task_losses.shape == (4,)
    update.loss.backward()
    found = gradients(batch.network)
    wanted = naive_update(batch, 8, 0.01, "all", 1)
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-9, atol=1e-11, msg=name)
