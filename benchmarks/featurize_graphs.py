"""Molecules per second from SMILES to one batch of graphs, in one process, against others.

    python -m benchmarks.featurize_graphs [--quick]

Each maker does all that a network needs: parse, make the graphs, join them in batches of 500
molecules. They are timed in turn, batch by batch; of each batch the best round counts. Makers that
are not installed are left out.
"""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_parts
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.graphs import MolecularGraph

Maker = Callable[[Sequence[str]], Any]

BATCH = 500

CUIK_ATOMS = [
    *("atomic-number-common", "total-degree", "formal-charge"),
    *("chirality", "num-hydrogens", "hybridization-expanded"),
]
CUIK_REALS = ("aromatic", "mass")
CUIK_BONDS = ("is-null", "bond-type-onehot", "conjugated", "in-ring", "stereo")


def bare() -> Maker:
    """Parse, and nothing else."""
    from rdkit.Chem import MolFromSmiles

    # As the others do, let each molecule go before the next.
    return lambda smiles: sum(MolFromSmiles(text) is None for text in smiles)


def ours(codes: str) -> Callable[[], Maker]:
    """This package, with a set of codes."""
    featurizer = Featurizer({"graph": MolecularGraph(codes=codes)})
    return lambda: lambda smiles: featurizer(smiles).blocks["graph"].batch()


def pyg() -> Maker:
    """PyTorch Geometric's ``from_smiles``."""
    from torch_geometric.data import Batch
    from torch_geometric.utils import from_smiles

    return lambda smiles: Batch.from_data_list([from_smiles(text) for text in smiles])


def chemprop() -> Maker:
    """chemprop's featurizer in Python."""
    from chemprop.data import BatchMolGraph
    from chemprop.featurizers import SimpleMoleculeMolGraphFeaturizer
    from rdkit.Chem import MolFromSmiles

    featurize = SimpleMoleculeMolGraphFeaturizer()
    return lambda smiles: BatchMolGraph([featurize(MolFromSmiles(text)) for text in smiles])


def cuik() -> Maker:
    """chemprop's featurizer in C++: the graphs of our chemprop codes, as multi-hot vectors."""
    import cuik_molmaker

    if not hasattr(cuik_molmaker, "batch_mol_featurizer"):
        raise ImportError("cuik_molmaker has no compiled part")
    atoms = cuik_molmaker.atom_onehot_feature_names_to_array(CUIK_ATOMS)
    reals = cuik_molmaker.atom_float_feature_names_to_array(list(CUIK_REALS))
    bonds = cuik_molmaker.bond_feature_names_to_array(list(CUIK_BONDS))
    # No hydrogens added; both directions of a bond; no loops.
    flags = (False, False, True, False)
    return lambda smiles: cuik_molmaker.batch_mol_featurizer(smiles, atoms, reals, bonds, *flags)


def deepchem() -> Maker:
    """DeepChem's ``MolGraphConvFeaturizer``, with features of edges."""
    from deepchem.feat import MolGraphConvFeaturizer
    from deepchem.feat.graph_data import BatchGraphData

    featurizer = MolGraphConvFeaturizer(use_edges=True)
    return lambda smiles: BatchGraphData(
        [graph for graph in featurizer.featurize(smiles) if hasattr(graph, "node_features")]
    )


MAKERS: dict[str, Callable[[], Maker]] = {
    "bare parsing": bare,
    "ogb codes": ours("ogb"),
    "chemprop codes": ours("chemprop"),
    "PyG from_smiles": pyg,
    "chemprop, Python": chemprop,
    "cuik-molmaker": cuik,
    "DeepChem MolGraphConvFeaturizer": deepchem,
}
OURS = ("ogb codes", "chemprop codes")
TARGETS = {"bare parsing": ">= 0.7", "PyG from_smiles": ">= 3", "chemprop, Python": ">= 2"}


def run(asked: argparse.Namespace) -> None:
    """Report the rate of every maker, and ours as ratios to the others."""
    n_molecules, rounds = (1_000, 1) if asked.quick else (5_000, 3)
    smiles = nci_smiles()[:n_molecules]
    logging.getLogger("deepchem").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = {name: _loaded(name, load) for name, load in MAKERS.items()}
        makers = {name: maker for name, maker in loaded.items() if maker is not None}
        turns = in_parts(smiles, makers, BATCH, rounds)
    best = {name: sum(map(min, times)) for name, times in turns.items()}
    for name, spent in best.items():
        report(f"graph, {name}", "rate", len(smiles) / spent, "molecules/s")
        for codes in OURS if name not in OURS else ():
            ratio, unit = spent / best[codes], f"ours / {name}"
            report(f"graph, {codes}", "ratio", ratio, unit, TARGETS.get(name))


def _loaded(name: str, load: Callable[[], Maker]) -> Maker | None:
    try:
        maker = load()
    except ImportError as error:
        print(f"{name} is left out: {error}", file=sys.stderr)
        return None
    maker(["CCO", "c1ccccc1"])  # what is made on first use is no part of the rate
    return maker


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "fewer molecules, one repeat"))
