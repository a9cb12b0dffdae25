"""Refusals of requests, and why."""

from __future__ import annotations

from bioassay_mtl.errors import BioassayError


class Refusal(BioassayError):
    """A request that is not served.

    Parameters
    ----------
    status
        Status of HTTP: 413 is too much, 415 no molecules, 422 not as expected, 503 busy, 504 too
        slow.
    message
        Reason, and what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def too_many(most: int) -> Refusal:
    """There are more records than a request may have."""
    return Refusal(413, f"more than {most:,} records: send fewer at a time, or screen the file")


def too_large(most: int) -> Refusal:
    """There are more bytes than a request may have."""
    return Refusal(413, f"more than {most:,} bytes: send less at a time, or screen the file")


def too_slow(seconds: float) -> Refusal:
    """It is not done in time."""
    return Refusal(504, f"not done within {seconds:g} seconds: send fewer molecules or assays")


def busy(n: int) -> Refusal:
    """Others wait already."""
    return Refusal(503, f"{n:,} requests wait already: try again in a few seconds")
