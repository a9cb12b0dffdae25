"""Engines that work is given to: this machine, or a cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from bioassay_mtl.errors import ConfigError

if TYPE_CHECKING:
    from bioassay_mtl.training.jobs import Jobs

ENGINES = ("local", "ray")
Address = Annotated[
    str | None,
    typer.Option(metavar="auto|HOST:PORT", help="Ray cluster; this machine if not given."),
]


def check_engine(engine: str, address: str | None) -> None:
    """Raise a ConfigError for an engine that is none, or an address that is of none."""
    if engine not in ENGINES:
        raise ConfigError(f"--engine {engine}: {' or '.join(ENGINES)} is expected")
    if address is not None and engine != "ray":
        raise ConfigError("--address is for --engine ray")


def jobs_of(engine: str, address: str | None, n: int) -> AbstractContextManager[int | Jobs]:
    """Trainings at a time, where the engine has them."""
    check_engine(engine, address)
    if engine == "local":
        return nullcontext(n)
    if n == 1:
        raise ConfigError("--engine ray needs --jobs N: trainings at a time on the cluster")
    from bioassay_mtl.adapters import ray

    return ray.jobs(n, address=address)
