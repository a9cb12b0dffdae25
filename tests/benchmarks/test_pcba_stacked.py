"""The study of stacked gates on PCBA."""

from __future__ import annotations

from benchmarks.pcba_stacked import EXPERTS, TABLES, experts


def test_each_expert_reads_its_own_of_the_same_inputs() -> None:
    configs = experts(EXPERTS, seed=3, quick=True)
    assert [config.seed for config in configs] == [3] * len(EXPERTS)
    inputs = configs[0].fingerprints
    assert all(config.fingerprints == inputs for config in configs)
    read = [
        list(getattr(config.network, "inputs", ()) or config.network.experts[0].inputs)  # type: ignore[attr-defined]
        for config in configs
    ]
    assert read[:2] == [TABLES, TABLES]
    assert read[-1] == ["graph"]
    assert {*inputs} == {"morgan", "torsion", "atom_pair", "descriptors", "graph"}
