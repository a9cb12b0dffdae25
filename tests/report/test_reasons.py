"""Drawings of explanations: a mark for each atom that has a share."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.explain import Explanation, Share
from bioassay_mtl.models.assay_sheet import Assay
from bioassay_mtl.report.molecule import molecule
from bioassay_mtl.report.reasons import drawing, reasons_page

SMILES = "CC(=O)Nc1ccc(O)cc1"


def explanation(smiles: str = SMILES) -> Explanation:
    atoms = np.zeros(Chem.MolFromSmiles(smiles).GetNumAtoms())
    atoms[0], atoms[-1] = 1.0, -0.5
    return Explanation(smiles, "a<b", 0.1, -0.4, atoms, 0.0, (Share("mlp on <x>", atoms, 0.0),))


@pytest.mark.parametrize("alone", [True, False])
def test_atoms_have_marks(alone: bool) -> None:
    svg = str(drawing(explanation(), alone=alone))
    tree = ElementTree.fromstring(svg)
    circles = [each for each in tree.iter() if each.tag.endswith("circle")]
    assert [each.get("fill") for each in circles] == [
        "var(--share-for)",
        "var(--share-against)",
    ]
    assert float(circles[0].get("fill-opacity", 0)) > float(circles[1].get("fill-opacity", 0)) > 0
    assert ("xmlns" in svg) is alone
    assert ("prefers-color-scheme: dark" in svg) is alone


def test_marks_lie_on_their_atoms() -> None:
    svg = str(drawing(explanation("CCCCCCCC")))
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg)]
    assert abs(places[0] - places[1]) > 250  # both ends of a chain


def test_what_cannot_be_drawn_is_said() -> None:
    assert "too large to draw" in drawing(explanation("C" * 200))


def test_an_atom_alone_is_drawn() -> None:
    one = Explanation("C", "a", 0.0, 0.0, np.zeros(1), 0.0, ())
    assert "<svg" in drawing(one)


def test_the_page_escapes_what_it_is_given() -> None:
    assay = Assay(id="a<b", name="x & <y>")
    page = reasons_page([explanation()], [assay], "model <m>", [0.52])
    assert "mlp on &lt;x&gt;" in page
    assert "x &amp; &lt;y&gt;" in page
    assert "model &lt;m&gt;" in page
    assert "0.52" in page
    assert page.count("<svg") == 1
    assert "−0.400" in page


def test_a_section_is_called_by_its_molecule_where_there_are_several() -> None:
    assays = [Assay(id="a"), Assay(id="a")]
    long = "CCCCCCCCCCCCCCCCCCCCCCCCCCCC"
    page = reasons_page([explanation(), explanation(long)], assays, "model", [0.5204, 0.001])
    assert f"1. a&lt;b: {SMILES}" in page
    assert "2. a&lt;b: CCCCCCCCCCCCCCCCCCCCCCC…" in page
    assert "0.520" in page
    assert "1. a&lt;b<" in reasons_page([explanation()], assays[:1], "model", [0.5])


def test_salts_are_named_and_not_drawn_beside_their_molecule() -> None:
    smiles = "[Cl-].Cc1ccccc1C[NH3+].O.O"
    alone = str(molecule("Cc1ccccc1C[NH3+]", "x"))
    salt = str(molecule(smiles, "x"))
    assert "not drawn: [Cl-], 2 O<" in salt
    assert salt.count("<path") == alone.count("<path")
    both = str(molecule("CCCCO.CCCCN", "x"))  # neither is beside the other
    assert "not drawn" not in both
    atoms = np.arange(12.0)
    found = Explanation(smiles, "a", 1.0, 0.0, atoms, 0.0, ())
    shares = re.findall(r"<title>\+([\d.]+)</title>", str(drawing(found)))
    assert [float(share) for share in shares] == [*map(float, range(1, 10))]
    assert "<title>+11.000</title>" in drawing(found, alone=True)  # a file has all of it
