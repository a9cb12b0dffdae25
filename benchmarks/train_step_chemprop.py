"""Steps of chemprop's D-MPNN, for ``train_step_graphs``; runs where chemprop is installed.

    python benchmarks/train_step_chemprop.py SMILES_FILE N_TASKS BATCH WIDTH DEPTH

Says ``ready``; then, for every number that it reads, makes so many steps and prints the seconds of
one. Graphs are made beforehand and kept; a step is what chemprop's module does: join the batch,
forward, backward, update.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from itertools import cycle
from pathlib import Path

import numpy as np
import torch


def main() -> None:
    """Serve steps on request."""
    warnings.simplefilter("ignore")
    logging.disable()
    from chemprop.data import MoleculeDatapoint, MoleculeDataset, build_dataloader
    from chemprop.models import MPNN
    from chemprop.nn import BinaryClassificationFFN, BondMessagePassing, NormAggregation

    torch.set_num_threads(1)
    n_tasks, batch_size, width, depth = map(int, sys.argv[2:])
    smiles = Path(sys.argv[1]).read_text().split()
    rng = np.random.default_rng(0)
    shape = (len(smiles), n_tasks)
    labels = np.where(rng.random(shape) < 0.6, rng.random(shape) < 0.014, np.nan)
    points = [MoleculeDatapoint.from_smi(s, y) for s, y in zip(smiles, labels, strict=True)]
    data = MoleculeDataset(points)
    data.cache = True
    loader = build_dataloader(data, batch_size=batch_size, num_workers=0, shuffle=False)
    head = BinaryClassificationFFN(n_tasks=n_tasks, input_dim=width, hidden_dim=width)
    model = MPNN(BondMessagePassing(d_h=width, depth=depth), NormAggregation(), head)
    model.train()
    optimizer = torch.optim.Adam(model.parameters())
    batches = cycle(loader)

    def step() -> None:
        graphs, atoms, molecules, targets, weights, less, greater = next(batches)
        mask = targets.isfinite()
        found = model.predictor.train_step(model.fingerprint(graphs, atoms, molecules))
        loss = model.criterion(found, targets.nan_to_num(), mask, weights, less, greater)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.process_time()
        for _ in range(int(line)):
            step()
        print((time.process_time() - start) / int(line), flush=True)


if __name__ == "__main__":
    main()
