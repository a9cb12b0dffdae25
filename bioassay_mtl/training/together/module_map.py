"""Map of what panels share, layer by layer: which modules, how many, and who is like whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from bioassay_mtl.nn.reparameterized import Blocks

Alignment = NDArray[np.int64]
TOWERS, MOST_ASSAYS = "tower.hidden", 200
Layer = tuple[str, str, tuple[int, ...]]
"""Panel, name of the weight, and its shape."""


def module_map(
    alignment: Alignment,
    layers: Sequence[Layer],
    blocks: Blocks,
    owners: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Modules by panel and layer, as plain values.

    Parameters
    ----------
    alignment
        ``(L,)``: the module of each location.
    layers
        Layers in the order of their locations.
    blocks
        Blocks of all layers.
    owners
        The assay of each output, by panel: towers have modules of their own for each.
    """
    ends = np.cumsum(blocks.counts)
    parts = np.split(alignment, ends[:-1])
    panels = [*dict.fromkeys(panel for panel, _, _ in layers)]
    of_panels = [
        np.concatenate([part for part, (of, _, _) in zip(parts, layers, strict=True) if of == name])
        for name in panels
    ]
    sets = [set(part.tolist()) for part in of_panels]
    served = np.bincount([module for each in sets for module in each])
    labels = [f"{panel}: {name}" for panel, name, _ in layers]
    return {
        "block": list(blocks.block),
        "locations": len(alignment),
        "used": int((served > 0).sum()),
        "of_several_panels": int((served > 1).sum()),
        "layers": [
            {
                "panel": panel,
                "layer": name,
                "shape": list(shape),
                "modules": part.tolist(),
                "shared_with": _shared_with(part, panel, panels, sets),
            }
            for part, (panel, name, shape) in zip(parts, layers, strict=True)
        ],
        "panels": clustered(panels, of_panels),
        "clusters": clustered(labels, parts),
        **_of_assays(parts, layers, owners),
    }


def _of_assays(
    parts: Sequence[Alignment], layers: Sequence[Layer], owners: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Likeness of assays, where towers are made of modules; the first :data:`MOST_ASSAYS`."""
    of_assays: dict[str, list[Alignment]] = {}
    for part, (panel, name, shape) in zip(parts, layers, strict=True):
        if name == TOWERS and panel in owners:
            for assay, own in zip(owners[panel], np.split(part, shape[0]), strict=True):
                of_assays.setdefault(assay, []).append(own)
    if len(of_assays) < 2:
        return {}
    names = [*of_assays][:MOST_ASSAYS]
    return {"assays": clustered(names, [np.concatenate(of_assays[name]) for name in names])}


def _shared_with(
    part: Alignment, panel: str, panels: Sequence[str], sets: Sequence[set[int]]
) -> dict[str, float]:
    """Share of a layer's locations whose module each other panel uses somewhere."""
    return {
        other: round(float(np.mean([module in used for module in part.tolist()])), 4)
        for other, used in zip(panels, sets, strict=True)
        if other != panel
    }


def clustered(names: Sequence[str], parts: Sequence[Alignment]) -> dict[str, Any]:
    """Likeness of what uses modules, and the order in which the alike lie together.

    Likeness is the cosine of the numbers of locations that use each module; the order is that of
    average linkage.

    Parameters
    ----------
    names
        Names of the parts.
    parts
        Modules of the locations of each.
    """
    n = 1 + max(int(part.max()) for part in parts)
    counts = np.stack([np.bincount(part, minlength=n) for part in parts]).astype(np.float64)
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    likeness = np.clip(counts @ counts.T, 0, 1)
    order = [*range(len(names))]
    if len(names) > 2:
        distances = squareform(1 - likeness, checks=False)
        order = leaves_list(linkage(np.clip(distances, 0, None), "average")).tolist()
    return {
        "names": list(names),
        "likeness": np.round(likeness, 4).tolist(),
        "order": order,
    }
