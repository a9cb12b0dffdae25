"""Bounds for new assays on directions that other molecules have taught."""

from __future__ import annotations

import math

import numpy as np

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.guarantees import complexity, new_assay_bound
from bioassay_mtl.models.certificate_file import Certificate, Statement
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import SplitConfig, split
from bioassay_mtl.training.adaptation import BIAS_STEP, LARGEST_BIAS
from bioassay_mtl.training.independent_rows import check_rows
from bioassay_mtl.training.usable import usable_parts

WHOM = (
    "molecules drawn as those of the panel were, and where none of these was among the molecules "
    "that the directions were learned from, which is not looked at here"
)


def certify_adapted(
    model: Model, panel: Panel, *, delta: float, n_searched: int | None, workers: int
) -> Certificate:
    """A bound of the error of each assay of an adapted model, together but for a chance of delta.

    Raises
    ------
    ConfigError
        The model was made of one that is not coded: its numbers are of no codebook.
    InputError
        The panel is another one, or holds a molecule in two rows.
    """
    levels = model.training["adapted"]["levels"]
    state = model.network.state_dict()
    coordinates, bias = (state[f"tower.{n}"].cpu().numpy() for n in ("coordinates", "bias"))
    on_grid = (np.abs(bias / BIAS_STEP % 1) < 1e-6) & (np.abs(bias) <= LARGEST_BIAS)
    if levels is None or not (np.isin(coordinates, np.float32(levels)).all() and on_grid.all()):
        raise ConfigError(
            f"{model.name!r} is not coded: adapt a compressed model, whose codebook it takes"
        )
    if panel.digest() != model.training["panel_sha256"] or panel.tasks != model.tasks:
        raise InputError(f"the panel that {model.name!r} was adapted to is expected")
    features = panel_features(panel, model.featurizer, workers)
    config = SplitConfig.of(model.training["config"]["split"])
    parts = usable_parts(split(panel, config), features, panel)
    rows = np.concatenate([parts.train, parts.valid])
    check_rows(panel, np.concatenate([rows, parts.test]))
    n_grid = 2 * LARGEST_BIAS / BIAS_STEP + 1
    bits = coordinates.shape[1] * math.log2(len(levels)) + math.log2(n_grid)
    c = complexity(bits, delta / len(panel.tasks), n_searched or 1)
    outputs = model.outputs_of(features)
    statements = []
    for task, name in enumerate(panel.tasks):
        errors = []
        for some in (rows, parts.test):
            mine = panel.cells.take(some).of_task(task)
            wrong = (outputs[some][mine.rows, task] > 0) != (mine.values > 0.5)
            errors.append((float(wrong.mean()) if len(wrong) else None, len(wrong)))
        (seen, m), (held, _) = errors
        bound = new_assay_bound(seen or 0.0, m, c)
        meaning = "the outcome of a random molecule is on the other side of a probability of 1/2"
        statements.append(Statement(name, meaning, bound, held))
    return Certificate(
        tuple(statements), delta, bits, n_searched or 1, c, len(rows), panel.digest(), WHOM
    )
