"""A few of many candidates: without alerts, few of each scaffold, unlike each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import Field

from bioassay_mtl.chem.isolation import each
from bioassay_mtl.chem.liabilities import Liabilities, liabilities
from bioassay_mtl.choosing.candidates import Candidate
from bioassay_mtl.config import Config

POOL = 10
"""Candidates among which diverse ones are sought, for each that is chosen."""

_AT_ONCE = 64


class Rules(Config):
    """Rules of a shortlist.

    Attributes
    ----------
    n
        Molecules.
    max_per_scaffold
        Most molecules with one Bemis-Murcko scaffold; molecules without rings have none.
    no_alerts
        Leave out molecules with a structural alert (:mod:`bioassay_mtl.chem.liabilities`).
    diverse
        Whether to take those least like each other among the best :data:`POOL` times n (MaxMin on
        Morgan fingerprints, from the best on), and not the best n.
    """

    n: int = Field(default=50, ge=1)
    max_per_scaffold: int | None = Field(default=None, ge=1)
    no_alerts: bool = False
    diverse: bool = False


class Profile(NamedTuple):
    """A molecule among others.

    Attributes
    ----------
    key
        Canonical SMILES.
    scaffold
        Empty without rings.
    bits
        Morgan fingerprint, as RDKit writes it.
    """

    key: str
    scaffold: str
    bits: bytes


@dataclass(frozen=True)
class Chosen:
    """One molecule of a shortlist."""

    candidate: Candidate
    profile: Profile


class Left(NamedTuple):
    """Candidates that were passed over, by why."""

    unreadable: int = 0
    twice: int = 0
    alerts: int = 0
    scaffold: int = 0


def choose(candidates: Sequence[Candidate], rules: Rules) -> tuple[list[Chosen], Left]:
    """Choose, best first.

    Parameters
    ----------
    candidates
        Best first.
    rules
        Rules of the shortlist.
    """
    counts: Counter[str] = Counter()
    enough = rules.n * (POOL if rules.diverse else 1)
    pool: list[Chosen] = []
    for one in _fitting(candidates, rules, counts):
        pool.append(one)
        if len(pool) == enough:
            break
    left = Left(**{name: counts[name] for name in Left._fields})
    return (_unlike(pool, rules.n) if rules.diverse else pool), left


def _fitting(
    candidates: Sequence[Candidate], rules: Rules, counts: Counter[str]
) -> Iterator[Chosen]:
    """Candidates that keep the rules, in their order; counts those that do not."""
    seen: set[str] = set()
    scaffolds: Counter[str] = Counter()
    for candidate, profile in _profiled(candidates):
        if profile is None:
            counts["unreadable"] += 1
        elif profile.key in seen:
            counts["twice"] += 1
        elif (
            rules.max_per_scaffold
            and profile.scaffold
            and scaffolds[profile.scaffold] >= rules.max_per_scaffold
        ):
            counts["scaffold"] += 1
        else:
            seen.add(profile.key)
            if rules.no_alerts and has_alerts(candidate):
                counts["alerts"] += 1
                continue
            scaffolds[profile.scaffold] += 1
            yield Chosen(candidate, profile)


def has_alerts(candidate: Candidate) -> bool:
    """Whether the table, or else the structure, tells of an alert."""
    if "alerts" in candidate.more:
        return bool(candidate.more["alerts"])
    (found,) = each(liabilities, [candidate.smiles])
    return isinstance(found, Liabilities) and bool(found.alerts)


def _profiled(candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, Profile | None]]:
    for start in range(0, len(candidates), _AT_ONCE):
        part = candidates[start : start + _AT_ONCE]
        found = each(profile_of, [candidate.smiles for candidate in part])
        for candidate, profile in zip(part, found, strict=True):
            yield candidate, profile if isinstance(profile, Profile) else None


def profile_of(smiles: str) -> Profile | None:
    """The profile of a SMILES; None where it cannot be read."""
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles
    from rdkit.rdBase import BlockLogs

    from bioassay_mtl.chem.molecule import parse_smiles
    from bioassay_mtl.chem.status import Status

    with BlockLogs():
        mol = parse_smiles(smiles)
        if isinstance(mol, Status):
            return None
        generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
        bits = generator.GetFingerprint(mol).ToBinary()
        return Profile(Chem.MolToSmiles(mol), str(MurckoScaffoldSmiles(mol=mol)), bits)


def _unlike(pool: Sequence[Chosen], n: int) -> list[Chosen]:
    """Molecules least like each other, the best among them, best first."""
    from rdkit.DataStructs import ExplicitBitVect
    from rdkit.SimDivFilters import MaxMinPicker

    if len(pool) <= n:
        return list(pool)
    prints = [ExplicitBitVect(one.profile.bits) for one in pool]
    places: Iterable[int] = MaxMinPicker().LazyBitVectorPick(prints, len(pool), n, [0], 0)
    return [pool[place] for place in sorted(places)]
