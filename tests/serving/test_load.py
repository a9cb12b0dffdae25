"""A hundred at once: none is lost, all are right, and memory does not grow with them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.models.model import Model
from tests.needs import extra
from tests.serving.conftest import TASKS, Served

AT_ONCE = 100
GROWTH = 16_000_000
"""Bytes that three further hundreds may add; 300 answers that were kept would add more."""


async def asked(address: str, bodies: list[dict[str, Any]]) -> list[Any]:
    httpx = extra("httpx", "test")
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=300, limits=limits) as client:
        posts = [client.post("/api/predict", json=body) for body in bodies]
        return list(await asyncio.gather(*posts))


def held(pid: int) -> int:
    """Bytes that a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc").exists(), reason="memory is read from /proc")
def test_a_hundred_at_once(server: Served, served_model: Model, nci_smiles: list[str]) -> None:
    parts = [nci_smiles[5 * n : 5 * n + 5] for n in range(AT_ONCE)]
    bodies = [{"smiles": part, "beside": ["domain", "confidence"]} for part in parts]
    sizes = []
    for _ in range(4):
        answers = asyncio.run(asked(server.address, bodies))
        assert [answer.status_code for answer in answers] == [200] * AT_ONCE
        sizes.append(held(server.process.pid))
    table = served_model.predict([smiles for part in parts for smiles in part])
    rows = [row for answer in answers for row in answer.json()["rows"]]
    assert [row["smiles"] for row in rows] == [smiles for part in parts for smiles in part]
    assert [row["status"] for row in rows] == table["status"].tolist()
    for task in TASKS[:2]:
        found = [row["predictions"][task] for row in rows if row["status"] == "ok"]
        assert found == [float(f"{p:.6f}") for p in table[task][table["status"] == "ok"]]
    assert sizes[-1] - sizes[0] < GROWTH
