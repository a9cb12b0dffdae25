"""MMoEEx in the place of DeepChem's MultitaskClassifier, on the same dataset.

Run: python examples/deepchem_model.py PANEL.csv
"""

import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # DeepChem tells of all that is not installed beside it
    import deepchem as dc

from bioassay_mtl.adapters.deepchem import BioassayFeaturizer, MeasuredMetric, MMoEExModel

SIX = ("lipophilic", "aromatic-amine", "carboxylic-acid", "halogen", "polar", "three-rings")
TASKS = [f"synthetic-{name}" for name in SIX]

loader = dc.data.CSVLoader(
    TASKS, feature_field="smiles", featurizer=BioassayFeaturizer("morgan", n_bits=1024)
)
dataset = loader.create_dataset(sys.argv[1])  # an empty cell gets the weight 0
train, test = dc.splits.RandomSplitter().train_test_split(dataset, frac_train=0.75, seed=0)
balanced = dc.trans.BalancingTransformer(dataset=train).transform(train)

metrics = [  # DeepChem's own would count an empty cell as an inactive
    MeasuredMetric(dc.metrics.Metric(dc.metrics.roc_auc_score)),
    MeasuredMetric(dc.metrics.Metric(dc.metrics.prc_auc_score)),
]
n_features = train.X.shape[1]
models = {
    "MultitaskClassifier": dc.models.MultitaskClassifier(len(TASKS), n_features),
    "MMoEExModel": MMoEExModel(len(TASKS), n_features),
}
for name, model in models.items():
    model.fit(balanced, nb_epoch=20)
    scores = model.evaluate(test, metrics)
    print(name, {metric: round(float(score), 3) for metric, score in scores.items()})

ours = models["MMoEExModel"]
print("predictions:", ours.predict(test).shape, "checkpoint:", ours.get_checkpoints()[0])
