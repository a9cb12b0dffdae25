"""A server on one machine: one model, its page and its HTTP interface."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from bioassay_mtl.errors import ConfigError, MissingExtraError
from bioassay_mtl.serving.options import ServeOptions

if TYPE_CHECKING:
    from bioassay_mtl.models.loading import PendingModel

CONNECTIONS = 256
"""Beyond those of requests at work or waiting: pages, and who only looks."""

SECONDS_TO_END = 3
"""Seconds for requests at work when the server is to end."""


def check_installed() -> None:
    """Raise a MissingExtraError where what serves is not installed."""
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(str(error.name), "serve") from None


def bound(options: ServeOptions) -> socket.socket:
    """A socket at the address that is asked for.

    Raises
    ------
    ConfigError
        There is no such address here, or its port is taken.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {options.host} port {options.port}: {error.strerror or error} "
            "(another port may be free; 0 takes any)"
        ) from None


def address_of(listening: socket.socket) -> str:
    """Address at which a browser finds the server."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve(
    model: PendingModel,
    listening: socket.socket,
    options: ServeOptions,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal ends this process.

    Nothing is written to the disk, and nothing fetched from elsewhere.

    Parameters
    ----------
    model
        The model that predicts; it may still be loading.
    listening
        Result of :func:`bound`.
    options
        Limits.
    ready
        Called when the first request can come.
    """
    check_installed()
    import uvicorn

    from bioassay_mtl.serving.api import application
    from bioassay_mtl.serving.engine import Engine
    from bioassay_mtl.serving.guard import Guard
    from bioassay_mtl.serving.job import try_out

    with Engine(model, options) as engine:
        server = uvicorn.Server(
            uvicorn.Config(
                Guard(application(engine), options),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                limit_concurrency=options.queue + CONNECTIONS,
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
        )
        try_out(engine)
        ready()
        server.run(sockets=[listening])
