"""Tables of what is near molecules, for people who ask a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.status import Status
from bioassay_mtl.domain.evidence import Evidence
from bioassay_mtl.domain.fingerprints import bits_of
from bioassay_mtl.models.assay_names import chosen_assays
from bioassay_mtl.models.description import ModelDescription
from bioassay_mtl.models.domain import known_domain

if TYPE_CHECKING:
    import pandas as pd


def domain_table(
    model: ModelDescription,
    features: Features,
    assays: Sequence[str],
    index: pd.Index[Any] | None = None,
) -> pd.DataFrame:
    """See :meth:`bioassay_mtl.models.knowing.Knowing.domain`."""
    import pandas as pd

    domain = known_domain(model)
    columns = [column for assay in assays for column in columns_named(model, assay)]
    evidence = Evidence(domain.cells, model.kinds, columns)
    nearest = domain.nearest(bits_of(features, model.featurizer.fingerprints), evidence)
    similarity = np.where(features.ok, nearest.similarity, np.nan)
    told = {
        "status": [Status.from_code(int(code)).value for code in features.status],
        "similarity": similarity,
        "nearest": domain.structures_of(nearest.molecule),
        "in_domain": similarity >= domain.threshold,
    }
    known = known_of(features)
    if features.known is not None:
        told["in_training"] = features.known > 0
    labels = evidence.known(*domain.rows_of(known), len(known))
    for place, column in enumerate(columns):
        name = model.columns[column]
        told[f"{name}:known"] = labels[:, place]
        told[f"{name}:nearest_active"] = nearest.of_columns[:, place]
    return pd.DataFrame(told, index=index)


def neighbor_table(
    model: ModelDescription, features: Features, assay: str | None, k: int
) -> pd.DataFrame:
    """See :meth:`bioassay_mtl.models.knowing.Knowing.neighbors`."""
    import pandas as pd

    domain = known_domain(model)
    columns = [] if assay is None else columns_named(model, assay)
    evidence = Evidence(domain.cells, model.kinds, columns)
    own = [evidence.molecules_for(place) for place in range(len(columns))]
    wanted = np.unique(np.concatenate(own)) if own else None
    molecules, neighbors, similarities = [], [], []
    bits = bits_of(features, model.featurizer.fingerprints)
    for at in np.flatnonzero(features.ok).tolist():
        near = domain.near(bits[at : at + 1], 0.0)
        similarity = np.zeros(len(domain))
        similarity[near.molecule] = near.similarity
        rows = np.arange(len(domain)) if wanted is None else wanted
        best = rows[np.argsort(-similarity[rows], kind="stable")[:k]]
        molecules += [at] * len(best)
        neighbors += best.tolist()
        similarities += similarity[best].tolist()
    found = np.array(neighbors, np.int64)
    table = pd.DataFrame(
        {
            "molecule": np.array(molecules, np.int64),
            "rank": 1 + np.arange(len(found)) - np.searchsorted(molecules, molecules),
            "similarity": np.array(similarities, np.float64),
            "nearest": domain.structures_of(found),
        }
    )
    if columns:
        labels = evidence.known(np.arange(len(found)), found, len(found))
        table["known"] = labels[:, 0] if len(found) else ""
    return table


def columns_named(model: ModelDescription, name: str) -> list[int]:
    """Places of the predicted columns of assays, or of the one of that name.

    Parameters
    ----------
    model
        Model that the columns are of.
    name
        A column, or what :func:`bioassay_mtl.models.assay_names.chosen_assays` takes.

    Raises
    ------
    ConfigError
        There is no such assay.
    """
    if name in model.columns:
        return [model.columns.index(name)]
    starts = [*accumulate((len(kind.columns("")) for kind in model.kinds), initial=0)]
    tasks = [model.tasks.index(each) for each in chosen_assays([name], model.sheet)]
    return [place for task in tasks for place in range(starts[task], starts[task + 1])]


def known_of(features: Features) -> NDArray[np.uint64]:
    """``(n,)``: identities of training molecules, 0 of others; all 0 where nobody looked."""
    return np.zeros(len(features), np.uint64) if features.known is None else features.known
