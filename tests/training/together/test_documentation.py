"""The page on panels that are trained together is true."""

from __future__ import annotations

import re
from typing import Any

import yaml

from bioassay_mtl.cli.train_together import Joint
from bioassay_mtl.training.together.muir import SharedModules
from bioassay_mtl.training.together.sharing import sharings
from tests.test_house import ROOT

PAGE = (ROOT / "docs" / "together.md").read_text(encoding="utf-8")


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(found)


def test_the_snippet_runs() -> None:
    names: dict[str, Any] = {}
    exec(snippet("python"), names)
    assert set(names["found"].models) == {"one", "other"}


def test_the_settings_are_read() -> None:
    joint = Joint.of(yaml.safe_load(snippet("yaml")), None, [], None, None, None)
    assert joint.check(["tox21", "hiv"]).sharing.contexts == 2  # type: ignore[attr-defined]
    assert joint.settings("tox21").values == {"epochs": 30, "batch_size": 64}


def test_every_way_and_every_setting_is_named() -> None:
    for name in sharings:
        if not name.startswith("muir_"):
            assert f"| `{name}`" in PAGE
    for name in SharedModules.model_fields:
        if name != "kind":
            assert f"`{name}`" in PAGE, name
