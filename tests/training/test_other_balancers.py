"""Every other balancer through a whole training run, and the same after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.balance import balancers
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from tests.needs import extra
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

SETTINGS: dict[str, dict[str, Any]] = {
    "fixed": {"weights": {"aromatic": 2.0}},
    "nash_mtl": {"update_weights_every": 2},
}
RIVALS = sorted(set(balancers) - {"sum", "two_step"})
QUICK = ("dwa", "gradnorm", "pcgrad", "uncertainty")
"""Of each sort one: by losses, by norms, by gradients, with weights of its own."""


@pytest.fixture(scope="module")
def plain(small_panel: Panel) -> Model:
    return train(small_panel, small_config(epochs=3, patience=3))


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.soak) for name in RIVALS],
)
@pytest.mark.cases(2)
def test_resumed_equals_unbroken(
    small_panel: Panel, plain: Model, tmp_path: Path, name: str
) -> None:
    if "aggregators" in balancers[name].__module__:
        extra("torchjd", "torchjd")
    balance = {"kind": name, **SETTINGS.get(name, {})}
    config = small_config(balance=balance, epochs=3, patience=3)
    unbroken = train(small_panel, config)
    assert not same(unbroken, plain)
    assert all(weight.isfinite().all() for weight in unbroken.network.parameters())
    assert unbroken.training["config"]["balance"]["kind"] == name

    def stop(record: Any) -> None:
        if record["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        train(small_panel, config, out=tmp_path / "model", progress=stop)
    resumed = train(small_panel, config, out=tmp_path / "model", resume=True)
    assert same(unbroken, resumed)
    assert resumed.training == unbroken.training
