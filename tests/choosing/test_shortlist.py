"""A shortlist keeps its rules, and is as good as they allow."""

from __future__ import annotations

from collections import Counter

import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import BulkTanimotoSimilarity

from bioassay_mtl.chem.liabilities import liabilities
from bioassay_mtl.choosing import Candidate, Chosen, Rules, choose
from bioassay_mtl.choosing.shortlist import POOL


def candidates(smiles: list[str]) -> list[Candidate]:
    return [Candidate(1 - n / len(smiles), text, f"id{n}") for n, text in enumerate(smiles)]


def ids(chosen: list[Chosen]) -> list[str]:
    return [one.candidate.id for one in chosen]


def test_the_best_without_rules(nci_smiles: list[str]) -> None:
    chosen, left = choose(candidates(["CCO", "OCC", "nomolecule(", "CCN", "CCC"]), Rules(n=3))
    assert ids(chosen) == ["id0", "id3", "id4"]
    assert (left.twice, left.unreadable) == (1, 1)


def test_few_of_a_scaffold(nci_smiles: list[str]) -> None:
    given = candidates(nci_smiles[:200])
    chosen, left = choose(given, Rules(n=60, max_per_scaffold=2))
    counts = Counter(one.profile.scaffold for one in chosen)
    assert len(chosen) == 60
    assert left.scaffold > 0
    assert max(count for scaffold, count in counts.items() if scaffold) == 2
    scores = [one.candidate.score for one in chosen]
    assert scores == sorted(scores, reverse=True)


def test_no_alerts(nci_smiles: list[str]) -> None:
    chosen, left = choose(candidates(nci_smiles[:150]), Rules(n=20, no_alerts=True))
    assert len(chosen) == 20
    assert left.alerts > 10
    for one in chosen:
        found = liabilities(one.candidate.smiles)
        assert found is not None
        assert found.alerts == ""


def test_alerts_of_the_table_count() -> None:
    told = [Candidate(0.9, "CCO", "bad", more={"alerts": "x"}), Candidate(0.8, "CCN", "good")]
    told[1].more["alerts"] = None
    chosen, _ = choose(told, Rules(n=2, no_alerts=True))
    assert ids(chosen) == ["good"]


def test_diverse_ones_are_less_alike_and_begin_with_the_best(nci_smiles: list[str]) -> None:
    given = candidates(nci_smiles[:400])
    best, _ = choose(given, Rules(n=20))
    diverse, _ = choose(given, Rules(n=20, diverse=True))
    assert len(diverse) == 20
    assert ids(diverse)[0] == ids(best)[0]
    assert {*ids(diverse)} <= {*ids(choose(given, Rules(n=20 * POOL))[0])}
    assert nearest(diverse) < nearest(best)
    again, _ = choose(given, Rules(n=20, diverse=True))
    assert ids(again) == ids(diverse)


def nearest(chosen: list[Chosen]) -> float:
    """The largest similarity of two."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(one.candidate.smiles)) for one in chosen]
    return max(
        float(max(BulkTanimotoSimilarity(bits, prints[:at])))
        for at, bits in enumerate(prints)
        if at
    )


@pytest.mark.parametrize("diverse", [False, True])
def test_fewer_than_asked_for(diverse: bool) -> None:
    chosen, _ = choose(candidates(["CCO", "c1ccccc1"]), Rules(n=5, diverse=diverse))
    assert ids(chosen) == ["id0", "id1"]
    assert choose([], Rules(n=5, diverse=diverse))[0] == []
