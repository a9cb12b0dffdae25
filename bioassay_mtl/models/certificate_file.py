"""Certificate of a model's errors, in its folder: ``certificate.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bioassay_mtl.errors import counted
from bioassay_mtl.guarantees import Rates
from bioassay_mtl.models.companions import Companion, companions
from bioassay_mtl.models.folder_checks import read_json

CERTIFICATE, NAME = "certificate.json", "certificate"


@dataclass(frozen=True)
class Statement:
    """One bound.

    Parameters
    ----------
    name
        Short: ``error``, ``misses``, ``false alarms``, ``balanced error``, ``error of assays``, or
        of an assay.
    meaning
        Meaning of the rate, in plain words.
    rates
        Rates on the rows that were learned from, and their bounds.
    held_out
        The same rate on the test rows, for comparison; None where there are none.
    """

    name: str
    meaning: str
    rates: Rates
    held_out: float | None = None


@dataclass(frozen=True)
class Certificate:
    """All that is promised of a model, at once, but for a chance of delta.

    Parameters
    ----------
    statements
        Bounds that hold together.
    delta
        Chance that one of them is wrong, over the draw of the molecules.
    bits
        Length of the model's code.
    n_searched
        Settings that were tried.
    complexity
        C in nats, of each statement.
    n_rows
        Molecules that were learned from.
    panel_sha256
        Hash of the panel.
    """

    statements: tuple[Statement, ...]
    delta: float
    bits: float
    n_searched: int
    complexity: float
    n_rows: int
    panel_sha256: str
    whom: str = field(
        default="molecules drawn as those of the panel were: of the same kind and source, and "
        "measured in the same assays. Not molecules of other scaffolds, of another library, or of "
        "later"
    )

    @property
    def promise(self) -> str:
        """Promise in plain words."""
        return (
            f"With a probability of at least {1 - self.delta:.0%} over the draw of the "
            f"{self.n_rows:,} molecules that the model was learned from, all of these rates are "
            f"below their bounds for {self.whom}."
        )

    @property
    def price(self) -> str:
        """Price of the bounds: what they pay for."""
        return (
            f"The model's code has {self.bits:,.0f} bits; {counted(self.n_searched, 'setting')} "
            f"tried; C = {self.complexity:,.0f} nats, {self.complexity / self.n_rows:.3f} a "
            "molecule."
        )


@companions.register(NAME)
class CertificateCompanion(Companion[Certificate]):
    """Plain JSON."""

    files = (CERTIFICATE,)

    def write(self, held: Certificate, folder: Path) -> None:
        (folder / CERTIFICATE).write_text(json.dumps(asdict(held), indent=1) + "\n")

    def read(self, folder: Path, config: Mapping[str, Any]) -> Certificate:
        said = read_json(folder / CERTIFICATE, "a model's certificate")
        statements = tuple(
            Statement(
                str(each["name"]), str(each["meaning"]), Rates(**each["rates"]), each["held_out"]
            )
            for each in said.pop("statements")
        )
        return Certificate(statements, **said)
