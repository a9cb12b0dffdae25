"""An adapter: predictions as a dictionary of dictionaries."""

from __future__ import annotations

from collections.abc import Sequence

from bioassay_mtl.models.model import Model


def as_dictionaries(model: Model, smiles: Sequence[str]) -> dict[str, dict[str, float]]:
    table = model.predict(smiles)
    found = table[list(model.columns)].to_dict("records")
    return {
        text: {str(k): v for k, v in row.items()} for text, row in zip(smiles, found, strict=True)
    }
