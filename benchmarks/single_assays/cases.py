"""What is compared: settings of the package's own networks, and what else people use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.single_assays.panels import INPUTS, Single
from bioassay_mtl.chem.features import Features
from bioassay_mtl.registry import Registry
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import epochs_for, settled, small_network
from bioassay_mtl.training.ensemble import train_ensemble

Settings = dict[str, Any]
Case = Callable[[Single], NDArray[np.floating]]
"""From a panel to predictions of the rows held out: probabilities, or values."""

cases: Registry[Case] = Registry("case")


def predicted(single: Single, settings: Settings, members: int = 1) -> NDArray[np.floating]:
    """Of a network that learns from all rows that a user brings."""
    n, nothing = len(single.panel), np.array([], np.int64)
    features = [
        Features({name: each.blocks[name] for name in settings["fingerprints"]}, each.status)
        for each in (single.features, single.held_features)
    ]
    given: Settings = {
        "parts": Split(np.arange(n), nothing, nothing, n),
        "features": features[0],
    }
    if members == 1:
        model = train(single.panel, settings | {"loggers": ()}, **given)
    else:
        model = train_ensemble(single.panel, settings | {"loggers": ()}, members, **given)
    read = {name: features[1].blocks[name] for name in model.featurizer.fingerprints}
    return model.predict_features(Features(read, features[1].status))[:, 0]


def rule(single: Single) -> Settings:
    """What is chosen for a panel of so many rows."""
    return settled(None, single.panel)[0].model_dump()


def before(single: Single) -> Settings:
    """What was chosen before an assay alone was learned in another way."""
    inputs = INPUTS
    network = small_network(inputs, len(single.panel))
    epochs = epochs_for(single.panel, len(single.panel))
    general = TrainingConfig().model_dump() | {"fingerprints": inputs, "network": network}
    return TrainingConfig.of(general | {"epochs": epochs, "patience": epochs}).model_dump()


def descriptors_alone(single: Single) -> Settings:
    """The rule without fingerprints."""
    inputs = {"descriptors": INPUTS["descriptors"]}
    return settled({"fingerprints": inputs}, single.panel)[0].model_dump()


def counts(single: Single, *, log: bool = False) -> tuple[Any, Any]:
    """Morgan counts of both parts, without columns that are 0 in all rows that are brought."""
    found = []
    for features in (single.features, single.held_features):
        block = features.blocks["morgan"]
        values = np.log2(1.0 + block.counts) if log else block.counts.astype(np.float64)
        shape = (len(block), block.n_features)
        found.append(csr_matrix((values, block.indices, block.offsets), shape))
    there = np.flatnonzero(found[0].getnnz(axis=0))
    return tuple(x[:, there].toarray().astype(np.float32) for x in found)


def _forest(single: Single, x: Any, new: Any) -> NDArray[np.floating]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    y = single.panel.labels[:, 0]
    if single.is_binary:
        model = RandomForestClassifier(500, n_jobs=1, random_state=0).fit(x, y)
        return np.asarray(model.predict_proba(new)[:, 1])
    regressor = RandomForestRegressor(500, n_jobs=1, random_state=0, max_features=0.33)
    return np.asarray(regressor.fit(x, y).predict(new))


@cases.register("forest")
def forest(single: Single) -> NDArray[np.floating]:
    """scikit-learn's, 500 trees on Morgan counts."""
    return _forest(single, *counts(single))


@cases.register("linear")
def linear(single: Single) -> NDArray[np.floating]:
    """Logistic, or ridge, regression on the logarithm of Morgan counts."""
    from sklearn.linear_model import LogisticRegression, Ridge

    x, new = counts(single, log=True)
    y = single.panel.labels[:, 0]
    if single.is_binary:
        model = LogisticRegression(C=0.1, max_iter=500).fit(x, y)
        return np.asarray(model.predict_proba(new)[:, 1])
    return np.asarray(Ridge(30.0).fit(x, y).predict(new))


def of_network(settings: Callable[[Single], Settings], members: int = 1) -> Case:
    """A network of some settings, or several together."""

    def run(single: Single) -> NDArray[np.floating]:
        return predicted(single, settings(single), members)

    return run


cases.register("before")(of_network(before))


@cases.register("stacked")
def stacked(single: Single) -> NDArray[np.floating]:
    """What ``train`` does with no option: a network, a forest and boosted trees, weighed."""
    return predicted(single, settled(None, single.panel, stacks=True)[0].model_dump())


def with_descriptors(single: Single) -> tuple[Any, Any]:
    """Morgan counts beside descriptors, which have 0 where they are missing, of both parts."""
    found = counts(single)
    parts = (single.features, single.held_features)
    more = (np.nan_to_num(each.blocks["descriptors"].raw()) for each in parts)
    largest = np.finfo(np.float32).max / 2
    both = [np.hstack([x, np.clip(y, -largest, largest)]) for x, y in zip(found, more, strict=True)]
    return both[0].astype(np.float32), both[1].astype(np.float32)


@cases.register("forest with descriptors")
def forest_with_descriptors(single: Single) -> NDArray[np.floating]:
    """scikit-learn's, 500 trees on Morgan counts and descriptors."""
    return _forest(single, *with_descriptors(single))


cases.register("descriptors alone")(of_network(descriptors_alone))
cases.register("rule")(of_network(rule))
cases.register("rule, 3 members")(of_network(rule, 3))
