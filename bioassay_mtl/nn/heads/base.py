"""The contract of heads: how many outputs a task has, where they start, and what they say."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from bioassay_mtl.registry import Registry

SMOOTHING = 50
"""Cells of no information that are added to those of a task: rates of small tasks start milder."""


class Head:
    """Outputs of tasks of one kind; the methods are static.

    Outputs of values are in standard units (:mod:`bioassay_mtl.tasks.target_scaling`).
    """

    @staticmethod
    def n_outputs(kind: Any) -> int:
        """Outputs k of a task."""
        return 1

    @staticmethod
    def start(labels: Tensor, kind: Any) -> Tensor:
        """``(k,)`` outputs that predict the base rate, from the measured labels ``(m,)``."""
        raise NotImplementedError

    @staticmethod
    def predict(outputs: Tensor) -> Tensor:
        """``(B, n, k)`` outputs of n tasks to their ``(B, n, c)`` predicted columns."""
        raise NotImplementedError


heads: Registry[type[Head]] = Registry("head")
