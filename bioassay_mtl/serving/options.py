"""Options of a server."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field

from bioassay_mtl.config import Config

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names under which this machine alone is reached."""

HELD_AT_ONCE = 16
"""Largest requests whose bodies may be held together."""


class ServeOptions(Config):
    """Settings of :func:`bioassay_mtl.serving.server.serve`.

    Attributes
    ----------
    host
        Address to listen at; others than this machine's own let others in.
    port
        Port to listen at; 0 for any that is free.
    max_megabytes
        Size of a request.
    max_molecules
        Records of a request.
    timeout
        Seconds for a request, those in which it waits for others among them.
    molecule_timeout
        Seconds that one molecule may take; one that takes longer is ``timed_out``.
    queue
        Requests at work or waiting; more are refused with a time to come again.
    at_once
        Requests at work.
    workers
        Processes that parse and featurize; all available cores when None.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    max_megabytes: float = Field(default=10, gt=0, le=1000)
    max_molecules: int = Field(default=5000, ge=1, le=1_000_000)
    timeout: float = Field(default=120, gt=0, allow_inf_nan=False)
    molecule_timeout: float = Field(default=2, gt=0, allow_inf_nan=False)
    queue: int = Field(default=256, ge=1)
    at_once: int = Field(default=4, ge=1)
    workers: int | None = Field(default=None, ge=1)

    @property
    def max_bytes(self) -> int:
        """The size in bytes."""
        return int(self.max_megabytes * 1_000_000)

    @property
    def is_local(self) -> bool:
        """Whether only this machine is let in."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOCAL

    @property
    def names(self) -> tuple[str, ...]:
        """Names that a request to this machine may be for."""
        return tuple(dict.fromkeys((*LOCAL, self.host)))
