"""The server under load: answers a second, what is lost, and memory.

A server is started as ``bioassay-mtl serve`` starts it, and asked from this process over HTTP on
this machine. Molecules are those that ship with RDKit; each request has others.

    python -m benchmarks.serving [--model NAME|FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import httpx
import psutil

from benchmarks.harness.molecules import smiles_of
from benchmarks.harness.study import begin, report
from bioassay_mtl.models.shipped import DEFAULT

AT_ONCE = 100
COMMAND = [sys.executable, "-m", "bioassay_mtl", "serve", "--port", "0"]


def run(asked: argparse.Namespace) -> None:
    """Ask for a hundred answers at once, again and again."""
    sizes, lost = [], 0
    source = cycle(smiles_of())
    with served(asked.model) as (address, pid):
        for _ in range(2 if asked.quick else 6):
            bodies = [{"smiles": list(islice(source, 5))} for _ in range(AT_ONCE)]
            begun = time.perf_counter()
            answers = asyncio.run(at_once(address, bodies))
            seconds = time.perf_counter() - begun
            lost += sum(status != 200 or n != 5 for status, n, _ in answers)
            sizes.append(psutil.Process(pid).memory_info().rss)
            report("100 at once", "answers", AT_ONCE / seconds, "1/s")
    report("100 at once", "slowest answer of the last round", max(a[2] for a in answers), "s")
    report("100 at once", "lost", lost, "requests", "0")
    report("memory", "resident after the first round", sizes[0] / 1e6, "MB")
    report("memory", "growth to the last round", (sizes[-1] - sizes[0]) / 1e6, "MB", "<= 16")


async def at_once(address: str, bodies: list[dict[str, Any]]) -> list[tuple[int, int, float]]:
    """Status, rows and seconds of each answer."""
    begun = time.perf_counter()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=300, limits=limits) as client:

        async def ask(body: dict[str, Any]) -> tuple[int, int, float]:
            answer = await client.post("/api/predict", json=body)
            rows = len(answer.json().get("rows", ()))
            return answer.status_code, rows, time.perf_counter() - begun

        return list(await asyncio.gather(*map(ask, bodies)))


@contextmanager
def served(model: str) -> Iterator[tuple[str, int]]:
    """The address and the process of a server."""
    process = subprocess.Popen([*COMMAND, "--model", model], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield next(w for w in process.stderr.readline().split() if "://" in w), process.pid
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "fewer rounds", {"--model": {"default": DEFAULT}}))
