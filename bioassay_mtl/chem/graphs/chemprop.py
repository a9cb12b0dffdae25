"""The codes of chemprop v2's default featurizers (Heid et al., doi 10.1021/acs.jcim.3c01250).

Expanded, they equal ``MultiHotAtomFeaturizer.v2`` and ``MultiHotBondFeaturizer``, whose first
position marks a bond that is not there; tags of stereo centers are those of canonical SMILES.
"""

from __future__ import annotations

from rdkit.Chem.rdchem import BondType, HybridizationType

from bioassay_mtl.chem.graphs.codes import CodeSet, Column, code_sets, flag

_HYBRIDIZATIONS = (
    HybridizationType.S,
    HybridizationType.SP,
    HybridizationType.SP2,
    HybridizationType.SP2D,
    HybridizationType.SP3,
    HybridizationType.SP3D,
    HybridizationType.SP3D2,
)
_TYPES = (BondType.SINGLE, BondType.DOUBLE, BondType.TRIPLE, BondType.AROMATIC)
_IODINE = 53

CHEMPROP = code_sets.register("chemprop")(
    CodeSet(
        atoms=(
            Column("number", (*range(1, 37), _IODINE)),
            Column("degree", tuple(range(6))),
            Column("charge", (-1, -2, 1, 2, 0)),
            Column("chirality", tuple(range(4))),
            Column("hydrogens", tuple(range(5))),
            Column("hybridization", tuple(map(int, _HYBRIDIZATIONS))),
            flag("aromatic"),
        ),
        bonds=(
            Column("type", tuple(map(int, _TYPES)), first=1, slots=5),
            flag("conjugated"),
            flag("in_ring"),
            Column("stereo", tuple(range(6))),
        ),
        mass=True,
    )
)
