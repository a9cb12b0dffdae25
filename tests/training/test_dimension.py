"""The search of dimensions: ladders, a ledger that resumes, groups, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.dimension import DimensionConfig, intrinsic_dimension
from bioassay_mtl.training.dimension.measure import above_chance
from bioassay_mtl.training.dimension.result import reached_at
from bioassay_mtl.training.dimension.search import dimension_of
from tests.conftest import Run

QUICK = {
    "single": [4, 64],
    "coordinates": [1, 4],
    "ratios": [4],
    "width": 8,
    "epochs": 2,
    "batch_size": 64,
    "target": 0.5,
    "fingerprint": {"kind": "morgan", "n_bits": 256},
}


def test_what_is_reached_lies_between_two_steps() -> None:
    assert reached_at([1, 10, 100], [0.0, 0.1, 0.3], 0.2) == pytest.approx(10**1.5)
    assert reached_at([5, 10], [0.3, 0.4], 0.2) == 5
    assert reached_at([5, 10], [0.1, 0.15], 0.2) is None


def scorer(d: float, aid: float, n: int, calls: list[dict[str, Any]]) -> Any:
    """Tasks that reach all at d numbers alone, and at aid numbers a task together."""

    def score(network: dict[str, Any]) -> NDArray[np.float64]:
        calls.append(network)
        if network["form"] == "free":
            return np.full(n, 0.4)
        if network["form"] == "single":
            numbers, needed = network["coordinates"], d
        else:
            k = network["coordinates"]
            numbers, needed = network["shared"] * k / n + k, aid
        return np.full(n, min(0.4, 0.36 + 0.05 * np.log(numbers / needed)))

    return score


def test_known_dimensions_are_found_and_no_more_is_trained() -> None:
    calls: list[dict[str, Any]] = []
    found = dimension_of("a", tuple("abcdefgh"), scorer(50, 9, 8, calls), DimensionConfig())
    assert found.id == pytest.approx(50, rel=1e-6)
    assert found.aid == pytest.approx(9, rel=1e-6)
    assert found.mean_id == pytest.approx(50, rel=1e-6)
    assert max(c["coordinates"] for c in calls if c["form"] == "single") == 64
    assert "9 numbers an assay together, 50 alone" in found.words


def test_ladders_that_end_too_soon_are_said_to() -> None:
    config = DimensionConfig(single=(2, 4), coordinates=(1, 2), ratios=(1,))
    found = dimension_of("a", ("a", "b"), scorer(1e6, 1e6, 2, []), config)
    assert (found.id, found.aid, found.mean_id) == (None, None, None)
    assert "more than were tried" in found.words


def test_nothing_to_reach_is_refused() -> None:
    def chance(network: dict[str, Any]) -> NDArray[np.float64]:
        return np.array([-0.1, float("nan")])

    with pytest.raises(InputError, match="there is nothing to reach"):
        dimension_of("a", ("a", "b"), chance, DimensionConfig())


def test_scores_are_above_chance() -> None:
    active = np.array([True, False, False, False])
    said = np.array([3, 2, 1, 0], dtype=np.float32)
    assert above_chance("roc_auc", active, said) == 0.5
    assert above_chance("average_precision", active, said) == 0.75
    assert np.isnan(above_chance("roc_auc", active[1:], said[1:]))


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    smiles = list(dict.fromkeys(nci_smiles[:250]))
    labels = [[float(rule in each) for rule in ("N", "=O", "O")] for each in smiles]
    return Panel.from_arrays(smiles, labels, ["n", "carbonyl", "o"])


def test_a_search_goes_on_from_its_ledger(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bioassay_mtl.training.dimension.measure import _Trials

    out = tmp_path / "found"
    first = intrinsic_dimension(panel, QUICK, out=out, sizes=[2])
    assert [group.name for group in first.groups] == ["all assays", "2 random"]
    ledger = out / "scores.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:-1]) + lines[-1][:20])  # a kill in the middle of a line
    trained: list[Any] = []
    real = _Trials._trained

    def counted(self: Any, network: dict[str, Any], seed: int) -> list[float]:
        trained.append(network)
        return real(self, network, seed)

    monkeypatch.setattr(_Trials, "_trained", counted)
    again = intrinsic_dimension(panel, QUICK, out=out, sizes=[2])
    assert len(trained) == 1
    for one, two in zip(again.groups, first.groups, strict=True):
        assert one.free == pytest.approx(two.free, abs=1e-5)
    assert ledger.read_text().splitlines()[:-1] == [line.rstrip("\n") for line in lines[:-1]]
    with pytest.raises(ConfigError, match="holds scores of another panel, or of other settings"):
        intrinsic_dimension(panel, QUICK | {"epochs": 4}, out=out)
    n = len(ledger.read_text().splitlines())
    for line in ("no JSON", "[1]", '{"case": {}}'):
        (out / "scores.jsonl").write_text("".join(lines) + f"{line}\n")
        with pytest.raises(InputError, match=f"line {n + 1} is no score of a training"):
            intrinsic_dimension(panel, QUICK, out=out, sizes=[2])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sizes": [9]}, "from 1 to 3 assays are there, found 9"),
        ({"groups": {"a": ["b"]}}, "the panel has no assay 'b'"),
        ({"config": {"single": [4, 2]}}, "numbers that rise"),
        ({"config": {"taget": 0.5}}, "did you mean 'target'"),
    ],
)
def test_what_cannot_be_measured_is_refused(given: dict[str, Any], said: str, panel: Panel) -> None:
    with pytest.raises(ConfigError, match=said):
        intrinsic_dimension(panel, **given)


def test_few_of_many_assays_that_are_not_binary_are_named() -> None:
    names = [f"pIC50 {number}" for number in range(40)]
    kinds = ["regression"] * 39 + ["binary"]
    labels = np.column_stack([np.linspace(4, 9, 6)] * 39 + [[0, 1] * 3])
    values = Panel.from_arrays(["C" * (n + 1) for n in range(6)], labels, names, kinds=kinds)
    said = r"39 assays of 40 are not \(pIC50 0, pIC50 1, pIC50 2 and 36 more\): leave out"
    with pytest.raises(ConfigError, match=said):
        intrinsic_dimension(values)


def test_the_command_writes_a_report(panel: Panel, tmp_path: Path, cli: Run) -> None:
    table = tmp_path / "panel.csv"
    rows = [f"{s},{int('N' in s)},{int('O' in s)}" for s in panel.structures or ()]
    table.write_text("\n".join(["smiles,inhibits_a,inhibits_b", *rows]) + "\n")
    out = tmp_path / "found"
    own = {name: json.dumps(value) for name, value in QUICK.items() if name != "target"}
    changes = [part for name, value in own.items() for part in ("--set", f"{name}={value}")]
    done = cli("dimension", table, "--out", out, "--target", "0.5", "--sizes", "1", *changes)
    assert done.code == 0, done.err
    assert "numbers an assay together" in done.err
    found = json.loads((out / "dimension.json").read_text())
    assert found["share"] == 0.5
    page = (out / "report.html").read_text()
    assert "Intrinsic dimension" in page
    assert "1 random" in page
