"""Intervals where there is nothing to take them from."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.data.metrics.bootstrap import percentile_interval


def test_no_interval_where_no_assay_can_be_measured() -> None:
    assert np.isnan(percentile_interval(np.full((2, 3, 5), np.nan))).all()
