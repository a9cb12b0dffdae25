"""The study of a panel: its dimensions, codes of several sizes, and what can be certified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bioassay_mtl.errors import BioassayError
from bioassay_mtl.files import write_whole
from bioassay_mtl.models.coded import code_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels import Panel
from bioassay_mtl.report.dimension import dimension_report
from bioassay_mtl.training import train
from bioassay_mtl.training.certificate import certify
from bioassay_mtl.training.compression import compress
from bioassay_mtl.training.dimension import Dimension, intrinsic_dimension

SIZES = (1, 2, 4, 8, 16, 32, 64)
NETWORKS: tuple[dict[str, Any], ...] = (
    {"coordinates": 4, "shared": 100},
    {"coordinates": 10, "shared": 250},
    {"coordinates": 20, "shared": 500},
)
LEVELS = (3, 5, 9, 17)
FINGERPRINTS = {"morgan": {"kind": "morgan", "n_bits": 1024}}


def study(panel: Panel, folder: Path, seeds: int) -> Iterator[Dimension]:
    """Dimensions of a panel and of random groups; then codes, in files ``codes-*.json``."""
    sizes = [size for size in SIZES if size < len(panel.tasks)]
    found = intrinsic_dimension(panel, {"seeds": seeds}, sizes=sizes, out=folder)
    write_whole(folder / "report.html", dimension_report(found))
    write_whole(folder / "dimension.json", json.dumps(asdict(found), indent=1) + "\n")
    yield from found.groups
    for network in NETWORKS:
        for seed in range(seeds):
            _codes(panel, folder, network, seed)


def _codes(panel: Panel, folder: Path, network: dict[str, Any], seed: int) -> None:
    """Train a network, then code it with codebooks of several sizes; what is done is kept."""
    name = "-".join(str(value) for value in (*network.values(), seed))
    record = folder / f"codes-{name}.json"
    if record.exists():
        return
    settings = {
        "fingerprints": FINGERPRINTS,
        "network": {"kind": "low_dimensional", "inputs": ["morgan"], "seed": seed, **network},
        "split": {"kind": "random", "fractions": (0.8, 0.1, 0.1), "seed": seed},
        "seed": seed,
        "domain": "none",
    }
    out = folder / f"model-{name}"
    model = Model.load(out) if out.exists() else train(panel, settings, out=out, resume=True)
    lines = [{"levels": None, "metrics": _macro(model)}]
    lines += [_coded(model, panel, levels) for levels in LEVELS]
    write_whole(record, json.dumps({"network": network, "seed": seed, "codes": lines}) + "\n")


def _coded(model: Model, panel: Panel, levels: int) -> dict[str, Any]:
    coded = compress(
        model,
        {"levels": levels},
        panel=panel,
        n_searched=len(NETWORKS) * len(LEVELS),
    )
    code = code_of(coded.network)
    assert code is not None
    try:
        said: Any = asdict(certify(coded, panel))
    except BioassayError as error:
        said = str(error)
    return {
        "levels": levels,
        "bits": code.bits,
        "numbers": code.n_numbers,
        "metrics": _macro(coded),
        "certificate": said,
    }


def _macro(model: Model) -> Any:
    return (model.metrics.get("test") or {}).get("macro")
