from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.screening import predict
from bioassay_mtl.screening.predict import predict_batches
from bioassay_mtl.screening.summary import StageClock


class Sluggish:
    """Answers each batch with its own number; even ones take longer than odd ones."""

    def predict_features(self, features: Features) -> NDArray[np.float32]:
        number = int(features.status[0])
        time.sleep(0.01 * (1 + number % 2))
        return np.full((1, 1), number, dtype=np.float32)


def numbered(n: int, taken: list[int]) -> Iterator[tuple[int, Features]]:
    for number in range(n):
        taken.append(number)
        yield number, Features({}, np.array([number], dtype=np.uint8))


@pytest.mark.parametrize("threads", [1, 3])
def test_answers_come_in_order(threads: int) -> None:
    clock = StageClock()
    answers = predict_batches(
        numbered(20, []), Sluggish().predict_features, threads=threads, ahead=5, clock=clock
    )
    assert [(n, int(p[0, 0])) for n, _, p, _ in answers] == [(n, n) for n in range(20)]
    assert clock.seconds["predicting"] >= 20 * 0.01


def test_no_more_batches_wait_than_allowed() -> None:
    taken: list[int] = []
    answers = predict_batches(
        numbered(50, taken), Sluggish().predict_features, threads=1, ahead=4, clock=StageClock()
    )
    for n, *_ in answers:
        assert len(taken) <= n + 1 + 5


def test_no_more_bytes_wait_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "WAITING_BYTES", 2000)
    taken: list[int] = []
    answers = predict_batches(
        numbered(30, taken),
        Sluggish().predict_features,
        threads=1,
        ahead=100,
        clock=StageClock(),
        n_bytes=lambda number, features: 999 + len(features),
    )
    for n, *_ in answers:
        assert len(taken) <= n + 3


def test_a_fault_of_the_network_is_raised_and_ends_the_threads() -> None:
    class Broken:
        def predict_features(self, features: Features) -> NDArray[np.float32]:
            raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(
            predict_batches(
                numbered(9, []), Broken().predict_features, threads=2, ahead=2, clock=StageClock()
            )
        )
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_time_of_an_inner_stage_is_not_counted_twice() -> None:
    clock = StageClock()

    def slow() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.02)
            yield number

    outer = clock.timed("featurising", clock.timed("reading", slow()), without="reading")
    assert list(outer) == [0, 1, 2]
    assert clock.seconds["reading"] >= 0.06
    assert clock.seconds["featurising"] < clock.seconds["reading"]


def test_one_core_each_and_other_threads_as_before() -> None:
    class Counting:
        def predict_features(self, features: Features) -> NDArray[np.float32]:
            time.sleep(0.01)
            return np.full((1, 1), torch.get_num_threads(), dtype=np.float32)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        answers = predict_batches(
            numbered(9, []), Counting().predict_features, threads=3, ahead=9, clock=StageClock()
        )
        assert {int(p[0, 0]) for _, _, p, _ in answers} == {1}
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
