"""Where a binary task starts."""

from __future__ import annotations

import math

import pytest
import torch

from bioassay_mtl.nn.heads.binary import BinaryHead, base_logit


@pytest.mark.parametrize(
    ("actives", "inactives", "share"),
    [
        (0, 0, 1 / 50),  # nothing is known: one in fifty
        (0, 50, 1 / 100),
        (9, 41, 10 / 100),
        (50, 0, 51 / 100),
        (4_949, 5_001, 4_950 / 10_000),
        (0, 10**6, 1e-4),  # no start is further out
    ],
)
def test_the_start_is_one_active_of_fifty_rows_and_what_was_seen(
    actives: int, inactives: int, share: float
) -> None:
    found = base_logit(torch.tensor(actives), torch.tensor(inactives))
    assert found.item() == pytest.approx(math.log(share / (1 - share)), rel=1e-5)
    if actives + inactives < 10**5:
        labels = torch.cat([torch.ones(actives), torch.zeros(inactives)])
        assert BinaryHead.start(labels, None).item() == pytest.approx(found.item())
