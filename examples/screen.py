"""Screen molecules from Python: the same numbers as ``bioassay-mtl screen``.

Run: python examples/screen.py [MODEL]
"""

import sys

import bioassay_mtl as bm

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "CN1CCC[C@H]1c1cccnc1", "not a molecule"]

model = bm.load(*sys.argv[1:2])
table = model.predict(SMILES)
print(table["status"].tolist())

# Raw probabilities favor assays with many actives: compare with each assay's active share.
active, inactive = (model.label_counts[key] for key in ("active", "inactive"))
for row, smiles in enumerate(SMILES):
    if table["status"][row] != "ok":
        continue
    folds = {
        task: table[task][row] * (a + i + 1) / (a + 1)
        for task, a, i in zip(model.tasks, active, inactive, strict=True)
    }
    best = max(folds, key=folds.__getitem__)
    print(f"{smiles}: {best}, probability {table[best][row]:.3f}, {folds[best]:.1f} x the usual")
