"""The codes of the Open Graph Benchmark: nine of an atom, three of a bond.

Equal to ``ogb.utils.mol.smiles2graph`` of canonical SMILES (Hu et al.,
https://arxiv.org/abs/2005.00687). Stereo that it does not know, at which it fails, has the code of
none.
"""

from __future__ import annotations

from rdkit.Chem.rdchem import BondStereo, BondType, ChiralType, HybridizationType

from bioassay_mtl.chem.graphs.codes import CodeSet, Column, code_sets

_CHIRALITIES = (
    ChiralType.CHI_UNSPECIFIED,
    ChiralType.CHI_TETRAHEDRAL_CW,
    ChiralType.CHI_TETRAHEDRAL_CCW,
    ChiralType.CHI_OTHER,
)
_HYBRIDIZATIONS = (
    HybridizationType.SP,
    HybridizationType.SP2,
    HybridizationType.SP3,
    HybridizationType.SP3D,
    HybridizationType.SP3D2,
)
_TYPES = (BondType.SINGLE, BondType.DOUBLE, BondType.TRIPLE, BondType.AROMATIC)
_STEREOS = (
    BondStereo.STEREONONE,
    BondStereo.STEREOZ,
    BondStereo.STEREOE,
    BondStereo.STEREOCIS,
    BondStereo.STEREOTRANS,
    BondStereo.STEREOANY,
)

OGB = code_sets.register("ogb")(
    CodeSet(
        atoms=(
            Column("number", tuple(range(1, 119))),
            Column("chirality", tuple(map(int, _CHIRALITIES))),
            Column("degree", tuple(range(11))),
            Column("charge", tuple(range(-5, 6))),
            Column("hydrogens", tuple(range(9))),
            Column("radicals", tuple(range(5))),
            Column("hybridization", tuple(map(int, _HYBRIDIZATIONS))),
            Column("aromatic", (0, 1), rest=0),
            Column("in_ring", (0, 1), rest=0),
        ),
        bonds=(
            Column("type", tuple(map(int, _TYPES))),
            Column("stereo", tuple(map(int, _STEREOS)), rest=0),
            Column("conjugated", (0, 1), rest=0),
        ),
    )
)
