"""Our graph experts in a training loop of PyTorch Geometric, on a panel with gaps.

Run: python examples/pytorch_geometric.py PANEL.csv
"""

import sys
from typing import Any

import pandas as pd
import torch
from rdkit import Chem
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits
from torch_geometric.loader import DataLoader

from bioassay_mtl.adapters.pyg import PyGExperts
from bioassay_mtl.chem.graphs import MolecularGraph
from bioassay_mtl.chem.graphs.pyg import to_pyg

torch.manual_seed(0)
table = pd.read_csv(sys.argv[1])
labels = torch.tensor(table.filter(like="synthetic-").to_numpy("float32"))  # NaN: not measured
molecules = [Chem.MolFromSmiles(smiles) for smiles in table["smiles"]]
graphs = to_pyg(MolecularGraph(codes="ogb").block(molecules))
for graph, row in zip(graphs, labels, strict=True):
    graph.y = row[None]
train, test = graphs[: 4 * len(graphs) // 5], graphs[4 * len(graphs) // 5 :]


class Mixture(torch.nn.Module):
    """Experts, a gate of each assay, and a tower of each assay."""

    def __init__(self, n_tasks: int, n_experts: int = 4, width: int = 32) -> None:
        super().__init__()
        self.experts = PyGExperts("gine", n=n_experts, width=width, hidden=width, depth=3)
        self.gates = torch.nn.Parameter(torch.zeros(n_tasks, n_experts))
        self.towers = torch.nn.Parameter(torch.randn(n_tasks, width) / width**0.5)
        self.bias = torch.nn.Parameter(torch.zeros(n_tasks))

    def forward(self, batch: Any) -> torch.Tensor:
        outputs = self.experts(batch)  # (molecules, experts, width)
        mixed = torch.einsum("te,beh->bth", self.gates.softmax(1), outputs)
        return torch.einsum("bth,th->bt", mixed, self.towers) + self.bias


model = Mixture(labels.shape[1])
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for epoch in range(1, 21):
    model.train()
    total = 0.0
    for batch in DataLoader(train, batch_size=32, shuffle=True):
        measured = ~batch.y.isnan()
        loss = binary_cross_entropy_with_logits(model(batch)[measured], batch.y[measured])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss.detach())
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(total, 3))

model.eval()
(held,) = DataLoader(test, batch_size=len(test))
with torch.no_grad():
    said = model(held)
for name, y, logits in zip(table.filter(like="synthetic-"), held.y.T, said.T, strict=True):
    known = ~y.isnan()
    if len(y[known].unique()) == 2:
        print(f"ROC-AUC {roc_auc_score(y[known], logits[known]):.3f} {name}")
