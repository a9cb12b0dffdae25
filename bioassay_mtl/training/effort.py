"""Effort of a run on a small panel: one network, or several kinds of experts under stacked gates.

Trees and networks are good at different assays, and nobody knows beforehand at which: so each is
trained alone, and gates fitted out of fold decide (``python -m benchmarks.custom_panels``).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from bioassay_mtl.errors import MissingExtraError
from bioassay_mtl.nn.architectures.stacked import ALONE
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.config import GRAPH_LAYERS as GRAPHS
from bioassay_mtl.training.config import TrainingConfig

FEWEST_ROWS = 50
"""Rows under which folds are too small to tell one expert from another."""

FEWEST_OF_EACH = 2
"""Cells of each outcome (of values: all) that some assay needs: one may be left out.

With fewer than five actives among 300 molecules of a ToxCast assay several kinds of experts have an
AUC of 0.81 and an AP of 0.177, the network alone 0.67 and 0.088
(``python -m benchmarks.custom_panels``, AutoFluor)."""

MOST_CELLS = {"normal": 200_000, "thorough": 1_000_000}
"""Measured cells up to which trees are grown: each assay has its own, in every fold.

All experts of 50,000 outcomes take 8 minutes of one core."""

CELLS_OF_VALUE, WITHOUT_FOREST = 6, 2
"""Cells that a value counts for: its forest looks at more columns, and with bounds is grown anew;
and where there is no forest.

All experts of 3,000 rows of 100 assays of values, 7,000 cells, take 8 minutes too; all but the
forest, of 62,000 cells, take 23."""

MOST_ASSAYS = {"normal": 200}
"""Assays up to which trees are grown, however few cells they have: each takes 4 seconds of one core
with 30 values, 12 with 1,000 outcomes."""

EXPECTED_ALONE = {"forest": 5.0, "boosted_trees": 1.0, "linear": 3.0}
"""Worth of experts of an assay alone beside a network's 1, before its folds say more.

Chosen on draws of 300 to 1,500 rows of Tox21, ToxCast, HIV, MUV, PCBA and ChEMBL, where they
differed from even weights by two standard errors at most."""

TREE_INPUTS = ("morgan", "descriptors")
"""Input of trees where it is there: more fingerprints make them slower, and no better."""


def experts_for(
    config: TrainingConfig,
    network: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, Any]],
    panel: Panel,
    alone: bool = False,
) -> tuple[dict[str, Any] | None, str]:
    """A stacked network around that of a small panel, or None; and words on it.

    Parameters
    ----------
    config
        Settings, of which ``effort`` says how much is spent.
    network
        Network that the panel would have alone.
    inputs
        Settings of the inputs by name.
    panel
        Panel that is trained on.
    alone
        Whether it is an assay alone, of few rows.
    """
    tables = [name for name, settings in inputs.items() if settings["kind"] != "graph"]
    read = [name for name in TREE_INPUTS if name in tables] or tables
    if not (read and trees_obey(config) and _can_tell(panel)):
        return None, ""
    has_forest = _are_grown(panel, config.effort)
    if not (has_forest or _are_grown(panel, config.effort, WITHOUT_FOREST)):
        more = config.effort == "normal" and _are_grown(panel, "thorough")
        return None, "alone (an effort of thorough grows trees beside it)" if more else ""
    if find_spec("xgboost") is None:
        return None, f"no trees beside it, for that {MissingExtraError('xgboost', 'trees')}"
    members: list[Any] = [
        {"kind": "boosted_trees", "inputs": read},
        {"kind": "linear", "inputs": read},
        dict(network),
    ]
    names = ["boosted trees", "a linear model"]
    if has_forest:
        members.insert(0, {"kind": "forest", "inputs": read})
        names.insert(0, "a forest")
    if config.effort == "thorough" and len(tables) < len(inputs):
        graphs = [name for name in inputs if name not in tables]
        members.append({"experts": [{"inputs": graphs, "n": 2, "width": 300, **GRAPHS}], **ALONE})
        names.append("experts of graphs")
    n_folds = folds_for(len(panel))
    gate: dict[str, Any] = {"folds": n_folds}
    if alone:
        expected = [EXPECTED_ALONE.get(each.get("kind"), 1.0) for each in members]
        gate["method"] = {"kind": "penalized", "expected": expected}
    said = (
        f"beside {', '.join(names[:-1])} and {names[-1]}, weighed for each assay by {n_folds} folds"
    )
    return {"kind": "stacked", "members": members, "gate": gate}, said


def trees_obey(config: TrainingConfig) -> bool:
    """Whether nothing is asked for that only a network trained by gradient can do."""
    kinds: tuple[Any, ...] = (config.balance, config.loss, config.sampling)
    usual = [each.kind for each in kinds] == ["sum", "bce", "uniform"]
    return usual and config.value_loss.huber is None


def folds_for(n_rows: int) -> int:
    """Fewer for more rows: each costs a training of every expert."""
    return 5 if n_rows < 3_000 else 4 if n_rows < 8_000 else 3


def _are_grown(panel: Panel, effort: str, of_value: int = CELLS_OF_VALUE) -> bool:
    """Whether trees of all assays are worth their time."""
    n_assays = len(panel.tasks)
    few = n_assays <= MOST_ASSAYS.get(effort, n_assays)
    return few and weighed_cells(panel, of_value) <= MOST_CELLS.get(effort, 0)


def weighed_cells(panel: Panel, of_value: int = CELLS_OF_VALUE) -> int:
    """Measured cells by the time that their trees take: a value counts for several outcomes."""
    return sum(
        len(panel.cells.of_task(task).values) * (of_value if kind.is_value else 1)
        for task, kind in enumerate(panel.kinds)
    )


def _can_tell(panel: Panel) -> bool:
    """Whether folds can tell a good expert from a bad one in some assay."""
    if len(panel) < FEWEST_ROWS:
        return False
    for task, kind in enumerate(panel.kinds):
        values = panel.cells.of_task(task).values
        if kind.is_value:
            counts = np.array([len(values)])
        else:
            counts = np.unique(values, return_counts=True)[1]
            counts = np.sort(counts)[-2:] if len(counts) > 1 else np.zeros(1)
        if counts.min() >= FEWEST_OF_EACH:
            return True
    return False
