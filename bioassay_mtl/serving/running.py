"""Jobs and drawings within the event loop: a few at a time, in their time, ended with who asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from bioassay_mtl.serving.engine import Engine
from bioassay_mtl.serving.job import Job
from bioassay_mtl.serving.refusals import too_slow

T = TypeVar("T")


class Runner:
    """Takes the steps of requests in the engine's threads.

    Parameters
    ----------
    engine
        Engine whose threads and limits are used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(engine.options.at_once)

    async def events(self, job: Job) -> AsyncGenerator[dict[str, Any], None]:
        """Events of a job, from ``start`` to ``end``; it is stopped where nobody takes more.

        Raises
        ------
        Refusal
            The time of the request is over.
        """
        async with self._turn() as do:
            try:
                yield await do(job.start)
                while (said := await do(job.step)) is not None:
                    yield said
                yield await do(job.end)
            finally:
                job.stop()
                with suppress(RuntimeError):  # the server is ending, and its workers with it
                    self._engine.threads.submit(job.close)

    async def call(self, function: Callable[[], T]) -> T:
        """Result of a function that is called in a thread."""
        async with self._turn() as do:
            found: T = await do(function)
            return found

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Callable[[Callable[[], Any]], Awaitable[Any]]]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._engine.options.timeout

        async def in_time(waited: Any) -> Any:
            try:
                return await asyncio.wait_for(waited, max(0.0, end - loop.time()))
            except asyncio.TimeoutError:
                raise too_slow(self._engine.options.timeout) from None

        async def do(function: Callable[[], Any]) -> Any:
            return await in_time(loop.run_in_executor(self._engine.threads, function))

        await in_time(self._turns.acquire())
        try:
            yield do
        finally:
            self._turns.release()
