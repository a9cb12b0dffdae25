"""Graphs of real and of strange molecules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph
from bioassay_mtl.nn.experts import group_config
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.resident import resident

STRANGE = ("[Na+].[Cl-]", "C", "[H][H]", "[H+]", "CC.O.CCN", "C" * 400, "", "c1ccccc1.Cl", "[2H]C")
GRAPH_KINDS = ("gine", "dmpnn", "gatedgcn")


def graphs(smiles: Sequence[str], **settings: Any) -> GraphBlock:
    """The last of them may be an empty one."""
    featurizer = Featurizer({"graph": MolecularGraph(**settings)}, max_atoms=1000)
    block: GraphBlock = featurizer(smiles).blocks["graph"]
    return block


def inputs_of(block: GraphBlock, rows: Sequence[int] | None = None) -> Inputs:
    """A batch of some molecules, or of all."""
    every = range(len(block)) if rows is None else rows
    batch = resident(block, torch.device("cpu")).batch(torch.from_numpy(np.array(every)))
    return {"graph": batch}


def group(block: GraphBlock, kind: str, **settings: Any) -> Any:
    """A small group of experts in double precision, without dropout, far from its start."""
    small = {"n": 3, "width": 8, "hidden": 8, "depth": 3, "dropout": 0.0}
    config = group_config({"kind": kind, "inputs": ["graph"], **small, **settings})
    torch.manual_seed(0)
    made = config.build({"graph": block.input_size}).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made
