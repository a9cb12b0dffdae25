"""Train on a panel of your own, look at the metrics, save the model, use it.

Run: python examples/custom_panel.py PANEL.csv FOLDER

Assays may be outcomes, classes, values, and censored values (> 10000), side by
side: datasets/example_mixed_panel.csv has all of them, and a schema beside it that says which.
"""

import sys

import bioassay_mtl as bm

panel = bm.Panel.read(sys.argv[1])
print(panel)

config = bm.TrainingConfig(epochs=10, effort="quick")  # normal: trees beside the network
model = bm.train(panel, config, progress=lambda epoch: print(epoch, file=sys.stderr))

test = model.metrics["test"]
for kind, macro in test.get("macro_by_kind", {"binary": test["macro"]}).items():
    measured = {name: round(value, 3) for name, value in macro.items() if value is not None}
    print(f"held-out molecules, {kind} assays: {measured}")

folder = model.save(sys.argv[2])
print(bm.load(folder).predict(["c1ccccc1N", "CCCCCCCC(=O)O"]).round(3).T.to_string())
