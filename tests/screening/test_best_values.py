"""The best values, told by a model's sheet, in standard deviations from the usual."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from bioassay_mtl.screening.best_values import BestValues
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.tasks import Censored, Regression
from tests.screening.batches import make_batch
from tests.screening.mixed_model import mixed_model


@pytest.fixture
def model() -> Model:
    """Affinities of which low ones are good (mean 3e-9, deviation 1e-9), and two unknown."""
    made = mixed_model((Regression(), Regression(unit="M"), Censored()))
    made.beside["assays"] = sheet_of(made, None, {"affinity": Described(better="low")})
    return made


def test_each_molecule_is_ranked_by_its_best_known_assay(model: Model) -> None:
    hits = BestValues(model, ScreenOptions(), 2)
    assert [assay.id for assay in hits.assays] == ["affinity"]
    values = np.array([[9, 4e-9, 9], [9, 1e-9, 9], [9, 2e-9, 9], [9, 3e-9, 9]], np.float32)
    for first, part in ((1, values[:3]), (4, values[3:])):
        batch = make_batch(len(part), 3, first_row=first)
        batch.status[:] = 0
        hits.add(replace(batch, probabilities=part))
    best = hits.best()
    assert [hit.row for hit in best] == [2, 3]
    assert [hit.beyond for hit in best] == pytest.approx([2, 1], abs=1e-4)
    assert [hit.value for hit in best] == [values[1, 1], values[2, 1]]
    assert best[0].smiles


def test_assays_that_are_not_screened_have_no_part(model: Model) -> None:
    assert not BestValues(model, ScreenOptions(assays=("mode", "toxic")), 2).assays
    second = BestValues(model, ScreenOptions(assays=("toxic", "affinity")), 1)
    batch = make_batch(1, 2)
    batch.status[:] = 0
    second.add(replace(batch, probabilities=np.array([[5, 2e-9]], np.float32)))
    assert second.best()[0].beyond == pytest.approx(1, abs=1e-4)
