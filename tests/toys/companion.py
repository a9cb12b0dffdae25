"""A companion: a remark of whoever made the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioassay_mtl.models.companions import Companion, companions


@companions.register("toy_remark")
class Remark(Companion[str]):
    files = ("remark.txt",)

    def write(self, held: str, folder: Path) -> None:
        (folder / self.files[0]).write_text(held, encoding="utf-8")

    def read(self, folder: Path, config: Mapping[str, Any]) -> str:
        return (folder / self.files[0]).read_text(encoding="utf-8")
