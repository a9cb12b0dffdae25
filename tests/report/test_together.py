"""The page of what panels share shows each way of sharing, and escapes names."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioassay_mtl.nn.reparameterized import Blocks
from bioassay_mtl.report.together import summary, together_page
from bioassay_mtl.training.together.module_map import module_map


def record_of(kind: str, **shared: Any) -> dict[str, Any]:
    known = {"tasks": 2, "train": 1200, "kept_apart": 3, "steps_of_a_round": 9, "best_epoch": 2}
    return {
        "settings": {"sharing": {"kind": kind}, "alternation": "equal"},
        "panels": {"one": known, "<two>": known},
        "rounds": 4,
        "shared": shared,
    }


def modules() -> dict[str, Any]:
    """Two layers of four blocks each: module 1 serves both panels."""
    blocks = Blocks(((4, 4), (4, 4)), (2, 2))
    layers = [("one", "a.weight", (4, 4)), ("<two>", "b.weight", (4, 4))]
    return module_map(np.array([0, 0, 1, 1, 1, 2, 3, 4]), layers, blocks)


def test_the_map_counts_modules_by_hand() -> None:
    known = modules()
    assert (known["locations"], known["used"], known["of_several_panels"]) == (8, 5, 1)
    assert [each["shared_with"] for each in known["layers"]] == [{"<two>": 0.5}, {"one": 0.25}]
    cosine = 2 * 1 / ((4 + 4) ** 0.5 * 2)
    assert np.isclose(known["panels"]["likeness"][0][1], cosine, atol=1e-4)


def test_alike_parts_lie_together() -> None:
    blocks = Blocks(((2, 4),) * 3, (2, 2))
    layers = [("one", name, (2, 4)) for name in "abc"]
    known = module_map(np.array([0, 1, 2, 3, 0, 1]), layers, blocks)
    order = known["clusters"]["order"]
    assert abs(order.index(0) - order.index(2)) == 1


def test_the_page_shows_modules_and_the_search() -> None:
    generations = [
        {"generation": n, "searched": 4, "changed": 4 - n, "modules": 8 - n} for n in (1, 2, 3)
    ]
    record = record_of("muir", modules=modules(), generations=generations)
    metrics = {"one": {"test": {"macro": {"roc_auc": 0.75}}}, "<two>": {"test": None}}
    page = together_page(record, metrics)
    assert "8 blocks of 2 x 2 use 5 modules, of which 1 serves several panels." in page
    assert "roc auc 0.750" in page
    assert "&lt;two&gt;: b.weight" in page
    assert "<two>" not in page
    assert "How the alignment settled" in page


def test_other_ways_have_sections_of_their_own() -> None:
    matrix = {"one": [True, False], "<two>": [True, True]}
    page = together_page(record_of("mmoeex", connections=matrix), {})
    assert "Which of 2 experts serve which panel" in page
    assert "Modules by panel" not in page
    page = together_page(record_of("adapters", added={"one": 0.25, "<two>": 0.1}), {})
    assert "25.0%" in page
    assert summary(record_of("none")) == ""
