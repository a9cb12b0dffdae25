"""Faults as answers: a status of HTTP, and one line that says what to do."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bioassay_mtl.errors import BioassayError, ModelFolderError, WorkerError
from bioassay_mtl.serving.refusals import Refusal

log = logging.getLogger(__name__)

MOST_NAMED = 3
"""Most faults of one request in an answer."""


def worded(error: Exception) -> tuple[int, str]:
    """The status and the message of what went wrong."""
    if isinstance(error, Refusal):
        return error.status, str(error)
    if isinstance(error, HTTPException):
        return error.status_code, str(error.detail)
    if isinstance(error, RequestValidationError):
        return 422, _invalid(error)
    if isinstance(error, BioassayError) and not isinstance(error, ModelFolderError | WorkerError):
        return 422, " ".join(str(error).split())
    log.error("unexpected %s: %s", type(error).__name__, error, exc_info=error)
    return 500, "a fault of the server, which has told of it where it was started"


def register_faults(app: FastAPI) -> None:
    """Let an application answer so."""

    async def answer(_request: Request, error: Exception) -> JSONResponse:
        status, message = worded(error)
        again = {"retry-after": "2"} if status == 503 else {}
        fault = {"error": {"status": status, "message": message}}
        return JSONResponse(fault, status, headers=again)

    for kind in (BioassayError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, answer)


def _invalid(error: RequestValidationError) -> str:
    """Fault of a request, without its content."""
    faults: list[Any] = list(error.errors())
    each = [f"{_place(fault['loc'])}: {fault['msg']}" for fault in faults[:MOST_NAMED]]
    more = [f"and {len(faults) - MOST_NAMED} more"] if len(faults) > MOST_NAMED else []
    return "; ".join([*each, *more])


def _place(path: tuple[Any, ...]) -> str:
    return ".".join(str(part)[:40] for part in path[1:]) or str(path[0])
