"""What all studies share: masks, hold-outs, resuming, tests over assays, tables of standings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import ttest_1samp

from benchmarks import rivals
from benchmarks.harness import chemprop_program
from benchmarks.harness.contenders import LOGISTIC, AssayModel
from benchmarks.harness.datasets import Source, cut_holdout, log_counts, rules, values_source
from benchmarks.harness.ledger import RESULTS, Entry, Ledger, add_record, go_on, read_records
from benchmarks.harness.plots import Dot, dots
from benchmarks.harness.statistics import critical_difference, gain, holm, mean_ranks, paired
from benchmarks.harness.study import begin
from benchmarks.harness.tables import standings, table
from bioassay_mtl.panels.panel import Panel
from tests.needs import extra


@pytest.fixture(scope="module")
def made_up() -> Source:
    return rules()


KEY = ("B-random", "xgboost", "bits", "final", 0, "a")


@pytest.mark.parametrize("label", [[1, 1, -1], [0, 0, -1], [-1, -1, -1]])
def test_one_outcome_has_no_score_and_unmeasured_cells_do_not_count(label: list[int]) -> None:
    both = np.array([label, [1, 0, -1]], dtype=np.int8).T
    entry = Entry.scored(KEY, both, np.array([[1, 1], [1, 0], [1, 5]], dtype=float), ("a", "b"))
    assert (entry.assays, entry.auc, entry.ap) == (["b"], [1.0], [1.0])


def test_holdout_keeps_equal_fingerprints_on_one_side() -> None:
    generator = np.random.default_rng(0)
    packed = generator.integers(0, 256, (50, 128), dtype=np.uint8)[generator.integers(0, 50, 400)]
    train = np.arange(10, 390)
    fit, valid = cut_holdout(packed, train, 0.1)
    assert sorted([*fit, *valid]) == list(train)
    assert not {row.tobytes() for row in packed[fit]} & {row.tobytes() for row in packed[valid]}
    assert 0 < len(valid) < len(fit)


def test_a_compact_source_has_the_rows_of_its_parts(made_up: Source) -> None:
    source = made_up
    few = source.compact(100)
    assert len(few.fit) == 100
    assert len(few.panel) == 100 + len(few.valid) + len(few.test)
    for name in ("valid", "test"):
        mine, theirs = getattr(few, name), getattr(source, name)
        np.testing.assert_array_equal(few.panel.labels[mine], source.panel.labels[theirs])
    assert "100 of" in few.about
    look = source.look(2, 90)
    assert len(look.panel.tasks) == 2
    assert [len(look.fit), len(look.valid), len(look.test)] == [90, 30, 45]


def test_rare_actives_are_kept_in_a_cut() -> None:
    labels = np.zeros((200, 1), np.int8)
    labels[:5] = 1
    panel = Panel(["C"] * 200, None, labels, ("rare",), [""] * 200)
    rows = np.arange(200)
    source = Source(panel, rows[:150], rows[150:170], rows[170:], keep_actives=True).compact(20)
    assert source.panel.labels[source.fit].sum() == 5
    assert "all actives kept" in source.about


def test_parts_share_no_molecule(made_up: Source) -> None:
    source = made_up
    groups = source.panel.groups()
    parts = [set(groups[rows].tolist()) for rows in (source.fit, source.valid, source.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(groups.tolist()))


def test_a_line_cut_short_by_a_kill_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    entry = Ledger(path).add(Entry(*KEY, ["a"], [0.5], [0.25]))
    with path.open("a") as stream:
        stream.write('{"protocol":"B-ran')
    second = Ledger(path)
    assert second.get(KEY) == entry
    other = (*KEY[:-1], "b")
    second.add(Entry(*other))
    assert set(Ledger(path).entries) == {KEY, other}


def test_records_are_kept_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "new" / "records.jsonl"
    assert read_records(path) == []
    for number in range(3):
        add_record(path, {"number": number})
    assert [each["number"] for each in read_records(path)] == [0, 1, 2]


def test_a_study_goes_on_with_what_nobody_has_done(tmp_path: Path) -> None:
    path, done = tmp_path / "records.jsonl", []

    def work(key: int) -> dict[str, int]:
        done.append(key)
        if key == 1:  # another process does the next one meanwhile
            add_record(path, {"key": 2})
        return {"key": key}

    for plan in ([1, 1, 2], [2, 3]):
        found = go_on(path, plan, lambda record: int(record["key"]), work)
    assert done == [1, 3]
    assert sorted(each["key"] for each in found) == [1, 2, 3]
    assert go_on(path, [4], lambda record: int(record["key"]), work, until=0.0) == found
    (alone,) = go_on(None, [5, 5], lambda record: int(record["key"]), work)
    assert alone.keys() == {"key", "cpu_seconds", "made_with"}


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_published_results_are_whole(file: Path) -> None:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines == read_records(file)
    if "protocol" in lines[0]:
        entries = Ledger(file).entries.values()
        for entry in entries:
            assert all(len(values) == len(entry.assays) for values in entry.metrics.values())


def test_an_assay_of_one_outcome_is_predicted_flat() -> None:
    x = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    label = np.array([0, 0, -1, 1], dtype=np.int8)
    assert LOGISTIC.predict(x, label, np.arange(3), np.arange(4)).tolist() == [0] * 4


def test_inactives_are_capped() -> None:
    seen = []

    def remember(x, y, new, settings, outcomes, seed):  # type: ignore[no-untyped-def]
        seen.extend(y.tolist())
        return np.zeros(new.shape[0])

    label = np.r_[np.ones(5), np.zeros(50)].astype(np.int8)
    model = AssayModel(remember, {}, inactives_cap=7)
    model.predict(np.zeros((55, 1)), label, np.arange(55), np.arange(3))
    assert [seen.count(1), seen.count(0)] == [5, 7]


def test_counts_are_log2_of_one_plus_count() -> None:
    matrix = log_counts(Panel.from_arrays(["CCCCO", "c1ccccc1"], [[0], [1]], ["any"]))
    assert matrix.shape == (2, 4096 + 2048)
    # Benzene: six equal atoms, each alone, with its neighbors, and two bonds away.
    assert matrix[1, :4096].data == pytest.approx(np.full(3, np.log2(7)))
    assert matrix[1, 4096:].data == pytest.approx([np.log2(7)])


def test_values_reach_chemprop_with_their_bounds(tmp_path: Path) -> None:
    length = np.arange(1, 41, dtype=float)
    labels = np.stack([length, np.maximum(-length, -30)], axis=1)
    labels[::7, 0] = np.nan
    bounds = np.zeros(labels.shape, np.int8)
    bounds[length > 30, 1] = -1
    smiles = ["C" * int(n) for n in length]
    panel = Panel.from_arrays(smiles, labels, ["up", "down"], kinds=["censored"] * 2, bounds=bounds)
    source = values_source(panel, "alkanes")
    chemprop_program.write_tables(source, tmp_path)
    train = pd.read_csv(tmp_path / "train.csv", dtype=str, keep_default_na=False)
    n_train = ["train"] * len(source.fit)
    assert train["split"].tolist() == n_train + ["val"] * len(source.valid)
    is_long = train["smiles"].str.len() > 30
    assert is_long.any()
    assert set(train["down"][is_long]) == {"<-30"}
    assert (train["up"] == "").any()
    assert len(pd.read_csv(tmp_path / "test.csv")) == len(source.test)


def test_holm_is_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_none_and_bonferroni_and_keeps_the_order(p: list[float]) -> None:
    corrected = holm(p)
    assert all(a <= b <= min(1.0, len(p) * a) for a, b in zip(p, corrected, strict=True))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


@pytest.mark.parametrize(("n_methods", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_critical_difference_has_demsars_quantiles(n_methods: int, q: float) -> None:
    expected = q * np.sqrt(n_methods * (n_methods + 1) / (6 * 30))
    assert critical_difference(n_methods, 30) == pytest.approx(expected, abs=2e-3)


def test_ranks_of_methods() -> None:
    measured = np.array([[0.9, 0.8, 0.7], [0.5, 0.8, 0.1], [0.1, 0.2, 0.3]])
    assert mean_ranks(measured) == pytest.approx([3.5 / 3, 6.5 / 3, 8 / 3])


def test_equal_scores_are_level() -> None:
    same = gain(np.ones(5), np.ones(5))
    assert (same.p, same.mean, same.n_improved) == (1.0, 0.0, 0)
    assert same.verdict(same.p) == "level"


def test_the_error_of_draws_that_share_molecules_is_larger() -> None:
    gaps = [0.1, 0.2, 0.3]
    corrected = paired(gaps, 100 / 300)
    assert corrected.mean == pytest.approx(0.2)
    assert corrected.error == pytest.approx(np.sqrt((1 / 3 + 1 / 3) * 0.01))
    assert corrected.error > paired(gaps).error
    low, high = corrected.interval
    assert low < 0.2 < high
    assert paired([0.1]).verdict == "open"
    assert paired(gaps).verdict == "above"
    assert paired(gaps).p == pytest.approx(ttest_1samp(gaps, 0).pvalue)
    assert [paired(each).p for each in ([0.1], [0.0, 0.0], [0.5, 0.5])] == [1, 1, 0]


def test_a_table_of_standings() -> None:
    ledger = Ledger(None)
    for model, ap in (("ours", 0.5), ("theirs", 0.4)):
        for seed in (0, 1):
            key = ("tox21", model, "all", "test", seed, "all")
            scores = [0.9, 0.8], [ap + seed / 10, 0.1]
            ledger.add(Entry(*key, ["one", "two"], *scores, notes={"cpu_seconds": 7.0}))
    lines = table(standings(ledger.entries.values(), ["theirs", "absent"]), "ours", digits=3)
    assert lines[2] == "| theirs | 2 | 0.275 ± 0.035 | **0.850** ± 0.000 | 0 of 2 | 7 s |  |"
    assert lines[3] == "| ours | 2 | **0.325** ± 0.035 | **0.850** ± 0.000 |  | 7 s |  |"


def test_a_model_of_one_assay_at_a_time_stands_as_one() -> None:
    ledger = Ledger(None)
    for place, task in enumerate(("a", "b")):
        key = ("A", "forest", "bits", "final", 0, task)
        ledger.add(Entry(*key, [task], [0.5], [place / 10], 2.0))
    (found,) = standings(ledger.entries.values())
    assert found.n_seeds == 1
    assert found.mean("ap") == pytest.approx(0.05)
    assert found.time == "4 s (wall)"


def test_the_same_dots_are_the_same_file(tmp_path: Path) -> None:
    extra("matplotlib", "plots")
    columns = {"one": [Dot("a", 0.1, 0.05), Dot("b", 0.2)], "other": [Dot("a", -0.1)]}
    for name in ("first", "second"):
        dots(tmp_path / f"{name}.png", columns, "title", line=0.0)
    first, second = ((tmp_path / f"{name}.png").read_bytes() for name in ("first", "second"))
    assert first == second
    assert len(first) > 5000


def test_absent_data_end_with_a_clear_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIOASSAY_DATA", "elsewhere")
    monkeypatch.setattr("sys.argv", ["rivals", "--quick", "--data", str(tmp_path)])
    assert begin(None, rivals.run, options=rivals.OPTIONS) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "BIOASSAY_DATA" in said.err
