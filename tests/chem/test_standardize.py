"""Standardized molecules, and every change named."""

from __future__ import annotations

import pytest
from rdkit.Chem import MolFromSmiles, MolToSmiles
from rdkit.Chem.MolStandardize import rdMolStandardize
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.standardize import standardize
from bioassay_mtl.chem.status import Status


@pytest.mark.parametrize(
    ("given", "smiles", "changes"),
    [
        ("OCC", "CCO", ()),
        ("O.CC(=O)O", "CC(=O)O", ("fragment",)),
        ("[Na+].CC(=O)[O-]", "CC(=O)O", ("fragment", "charge")),
        ("CC[NH3+].[Cl-]", "CCN", ("fragment", "charge")),
        ("CC(=O)O[Na]", "CC(=O)O", ("metals", "fragment", "charge")),
        ("CN(=O)=O", "C[N+](=O)[O-]", ()),
        ("C[N+](C)(C)C", "C[N+](C)(C)C", ()),
        ("[Na+].[Cl-]", None, None),
    ],
)
def test_steps(given: str, smiles: str | None, changes: tuple[str, ...] | None) -> None:
    done = standardize(given)
    assert done.status is Status.OK
    if smiles is not None:
        assert (done.smiles, done.changes) == (smiles, changes)


def test_tautomers_are_one_only_where_asked() -> None:
    keto, enol = "CC(=O)CC(C)=O", "CC(O)=CC(C)=O"
    assert standardize(keto).smiles != standardize(enol).smiles
    assert standardize(keto, tautomer=True).smiles == standardize(enol, tautomer=True).smiles
    assert "tautomer" in standardize(enol, tautomer=True).changes


@pytest.mark.parametrize(("given", "status"), [("", Status.EMPTY), ("xx", Status.INVALID_SMILES)])
def test_what_cannot_be_used_stays_as_it_is(given: str, status: Status) -> None:
    assert standardize(given) == (given, (), status)


def test_real_molecules_are_standard_once_and_for_all(nci_smiles: list[str]) -> None:
    some = nci_smiles[:400]
    done = [standardize(text) for text in some]
    again = [standardize(item.smiles) for item in done]
    assert [a.smiles for a in again] == [d.smiles for d in done]
    assert not any(item.changes for item in again)
    for text, item in zip(some, done, strict=True):
        if item.status is Status.OK and not item.changes:
            assert item.smiles == MolToSmiles(MolFromSmiles(text.split()[0]))


def test_as_rdkits_own_parent(nci_smiles: list[str]) -> None:
    """RDKit's charge parent is the same for molecules without the metals and groups it mends."""
    some = [text for text in nci_smiles[:2000] if "." in text][:40]
    with BlockLogs():
        for text in some:
            done = standardize(text)
            if done.status is Status.OK:
                parent = rdMolStandardize.ChargeParent(MolFromSmiles(text))
                assert done.smiles == MolToSmiles(parent)
