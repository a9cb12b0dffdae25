"""Train on a panel of your own, look at the metrics, save the model, use it.

Run: python examples/custom_panel.py PANEL.csv FOLDER
"""

import sys

import bioassay_mtl as bm

panel = bm.Panel.read(sys.argv[1])
print(panel)

config = bm.TrainingConfig(epochs=10)
model = bm.train(panel, config, progress=lambda epoch: print(epoch, file=sys.stderr))

macro = model.metrics["test"]["macro"]
print(f"held-out molecules: ROC-AUC {macro['roc_auc']:.3f}, AP {macro['average_precision']:.3f}")

folder = model.save(sys.argv[2])
print(bm.load(folder).predict(["c1ccccc1N", "CCCCCCCC(=O)O"]).round(3).to_string())
