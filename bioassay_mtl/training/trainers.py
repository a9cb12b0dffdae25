"""The registry of how networks learn: by gradient, as most do, or in a way of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bioassay_mtl.registry import Registry

trainers: Registry[Callable[..., Any]] = Registry(
    "way to train", homes={"stacked": "bioassay_mtl.training.stacked"}
)
"""Trainers by kind of network, where it is not trained by gradient as a whole: a function with
parameters, result and errors of :func:`bioassay_mtl.training.fit.train_session`."""

fitters: Registry[Callable[..., Any]] = Registry(
    "way to fit",
    homes={
        "boosted_trees": "bioassay_mtl.training.trees.fit",
        "forest": "bioassay_mtl.training.trees.fit",
        "linear": "bioassay_mtl.training.fitted.linear",
    },
)
"""Fits by kind of network, where it is fitted whole: a map from a
:class:`~bioassay_mtl.training.loop.Run` to the network."""
