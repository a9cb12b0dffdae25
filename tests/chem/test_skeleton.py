"""Skeletons read from SMILES are those of the molecules, and standardizing leaves them."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.skeleton import read_skeletons, skeletons_of
from bioassay_mtl.chem.standardize import parent


def read(smiles: list[str]) -> list[list[tuple[int, int]] | None]:
    """Sizes and hashes of each text's fragments, sorted; None where it is not understood."""
    found = read_skeletons(smiles)
    fragments: list[list[tuple[int, int]]] = [[] for _ in smiles]
    for size, code, text in zip(found.sizes, found.hashes, found.text, strict=True):
        fragments[text].append((int(size), int(code)))
    return [
        sorted(each) if known else None
        for each, known in zip(fragments, found.understood, strict=True)
    ]


def made(mol: Chem.Mol) -> list[tuple[int, int]]:
    hashes, sizes = skeletons_of(mol)
    return sorted(zip(sizes.tolist(), hashes.tolist(), strict=True))


def molecules(smiles: list[str]) -> list[tuple[str, Chem.Mol]]:
    with BlockLogs():
        pairs = [(text, Chem.MolFromSmiles(text)) for text in smiles]
    return [(text, mol) for text, mol in pairs if mol is not None]


def test_texts_are_read_as_rdkit_reads_them(nci_smiles: list[str]) -> None:
    pairs = molecules(nci_smiles)
    found = read([text for text, _ in pairs])
    understood = [
        (fragments, mol)
        for fragments, (_, mol) in zip(found, pairs, strict=True)
        if fragments is not None
    ]
    assert len(understood) > 0.95 * len(pairs)
    for fragments, mol in understood:
        assert fragments == made(mol)


@pytest.mark.soak
def test_any_way_to_write_a_molecule(nci_smiles: list[str]) -> None:
    @given(seed=st.integers(0, 10**6))
    def check(seed: int) -> None:
        random = Random(seed)
        for _, mol in molecules(random.sample(nci_smiles, 15)):
            text = written(mol, random)
            assert read([text]) in ([None], [made(mol)]), text

    check()


def written(mol: Chem.Mol, random: Random) -> str:
    """The molecule's SMILES, its atoms in any order."""
    if kekule := random.random() < 0.5:
        Chem.Kekulize(mol, clearAromaticFlags=True)
    order = random.sample(range(mol.GetNumAtoms()), mol.GetNumAtoms())
    text: str = Chem.MolToSmiles(
        Chem.RenumberAtoms(mol, order),
        canonical=False,
        kekuleSmiles=kekule,
        allHsExplicit=random.random() < 0.5,
        allBondsExplicit=random.random() < 0.5,
    )
    return text


@pytest.mark.parametrize(
    "smiles",
    [
        "C",
        "[H][H]",
        "[2H]C([2H])([2H])O",
        "C%10CCCCC%10",
        "C1CC1C1CC1",
        "C12CC1C2",
        "C(C(C(C)(N)(O)))(F)Cl",
        "BrCl.ClCBr.[Cl-]",
        "[se]1cccc1",
        "[nH]1cccc1",
        "c1c[nH]c2c1cccc2",
        "[NH3+][C@@H](C)C(=O)[O-]",
        "*C(=O)[1*]",
        "F/C=C\\F",
        "[Na+].[O-]C(=O)c1ccccc1",
        "C-C=CC#N",
        "[13CH3:7][OH:2]",
    ],
)
def test_notation(smiles: str) -> None:
    assert read([smiles]) == [made(Chem.MolFromSmiles(smiles))]


@pytest.mark.parametrize("smiles", ["C[Hg]Cl", "C1.C1", "C%(100)CC%(100)", "[U]O"])
def test_rare_notation_is_not_guessed(smiles: str) -> None:
    found = read(["CCO", smiles, "CCN"])
    assert found[1] is None
    assert [found[0], found[2]] == read(["CCO", "CCN"])


def test_different_molecules_differ() -> None:
    smiles = ["CCO", "CCN", "COC", "CCC", "C1CC1", "CCCO", "c1ccncc1", "c1ccccc1", "C1CCCCC1C"]
    found = read(smiles)
    assert len({tuple(each or ()) for each in found}) == len(smiles)
    assert read(["C1CCCCC1"]) == read(["c1ccccc1"])  # bond orders are no part of it


def test_nothing_to_read() -> None:
    assert read([]) == []
    (methane,) = read(["C"])
    assert methane is not None
    assert read(["", "C"]) == [[], [(1, methane[0][1])]]


def test_the_parents_skeleton_is_one_of_the_molecules(nci_smiles: list[str]) -> None:
    """What the quick look rests on: it never misses a molecule that standardizing would find."""
    salts = ["CC(=O)[O-].[Na+]", "C[N+](C)(C)C.[I-]", "O=[N+]([O-])c1ccccc1.Cl", "CN(=O)=O",
             "CS(=O)C.O", "[K+].C[S+]([O-])C", "CC(=O)O[Hg]c1ccccc1", "[Ca+2].[O-]CC.[O-]CC",
             "CCO[Ti](OCC)(OCC)OCC", "[O-][n+]1ccccc1", "C[As](=O)(O)O.[Na]"]  # fmt: skip
    for text, mol in molecules([*salts, *nci_smiles[:1500]]):
        with BlockLogs():
            hashes, sizes = skeletons_of(parent(mol))
        largest = hashes[np.lexsort((hashes, sizes))[-1]]
        assert largest in skeletons_of(mol)[0], text


@example(["1111111111"])
@example(["[)]("])
@example(["([)]", "[(])"])
@given(
    texts=st.lists(
        st.one_of(
            st.text(alphabet="CNOclr[]()123%.=#-+@/\\H*", max_size=12),
            st.text(max_size=6),
            st.sampled_from(["CC((", "C[", "]C[", "11", "l", ")C(", "[[C]]", "C%1", "%", "(" * 50]),
        ),
        max_size=6,
    )
)
def test_no_text_raises_or_changes_its_neighbors(texts: list[str]) -> None:
    whole = ["c1ccc(Cl)cc1", "CC(N)C(=O)O.[Na+]", "C%12CC%12"]
    mixed = [each for text in [*texts, "C"] for each in (*whole, text)]
    found, alone = read(mixed), read(whole)
    for place in range(0, len(mixed), 4):
        assert found[place : place + 3] == alone
