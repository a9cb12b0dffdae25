"""scikit-learn's own checks of estimators."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from bioassay_mtl.adapters.sklearn import BioassayClassifier, BioassayRegressor

NETWORK = {
    "kind": "mmoeex",
    "experts": [{"inputs": ["features"], "n": 2, "width": 16, "dropout": 0.0}],
}
SMALL: dict[str, Any] = {"network": NETWORK, "epochs": 8, "batch_size": 32}


def expected_failed_checks(estimator: Any) -> dict[str, str]:
    repeated = "a row of weight 2 is one row of a batch, where two rows are two"
    weights = {
        f"check_sample_weight_equivalence_on_{kind}_data": repeated for kind in ("dense", "sparse")
    }
    if isinstance(estimator, BioassayRegressor):
        return weights
    return weights | {
        "check_supervised_y_2d": "y (n, 1) is a panel of one assay, whose labels are 0 and 1; "
        "the check gives it three classes"
    }


every_check: pytest.MarkDecorator = parametrize_with_checks(
    [BioassayClassifier(**SMALL), BioassayRegressor(**SMALL)],
    expected_failed_checks=expected_failed_checks,
)


@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix")
@every_check
def test_checks(estimator: Any, check: Any) -> None:
    check(estimator)
