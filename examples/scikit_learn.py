"""Cross-validation and a grid search of scikit-learn, on a panel with gaps.

Run: python examples/scikit_learn.py PANEL.csv
"""

import sys

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline

from bioassay_mtl.adapters.sklearn import BioassayClassifier, MacroScorer, SmilesToFingerprint

table = pd.read_csv(sys.argv[1])
smiles, labels = table["smiles"], table.filter(like="synthetic-")  # NaN where not measured
folds = KFold(3, shuffle=True, random_state=0)

# All assays at once. With gaps in y, scikit-learn needs a splitter rather than a number of folds.
network = {
    "kind": "mmoeex",
    "experts": [{"inputs": ["morgan"], "n": 4, "width": 100, "dropout": 0.4}],
    "gate": {"kind": "static"},
}
estimator = BioassayClassifier(
    fingerprints={"morgan": {"kind": "morgan", "counts": True}}, network=network
)
scorers = {
    "AP": MacroScorer(average_precision_score),
    "ROC-AUC": lambda fitted, X, y: fitted.score(X, y),
}
for epochs in (5, 20):
    scores = cross_validate(
        estimator.set_params(epochs=epochs), smiles, labels, cv=folds, scoring=scorers
    )
    means = {name: round(float(scores[f"test_{name}"].mean()), 3) for name in scorers}
    print(epochs, "epochs:", means)

search = GridSearchCV(estimator, {"learning_rate": [4e-3, 16e-3]}, cv=folds)
print("best:", search.fit(smiles, labels).best_params_)

# One assay with any estimator of scikit-learn: the measured rows alone.
assay = labels.columns[0]
measured = labels[assay].notna()
forest = make_pipeline(SmilesToFingerprint(n_bits=1024), RandomForestClassifier(random_state=0))
forest_scores = cross_validate(
    forest, smiles[measured], labels[assay][measured], cv=5, scoring="roc_auc"
)
print("forest,", assay, forest_scores["test_score"].mean().round(3))
