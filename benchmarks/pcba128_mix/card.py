"""The card of ``pcba128-mix``."""

from __future__ import annotations

from benchmarks.pcba128.card import metric_row, sight
from bioassay_mtl.models.model import Model
from bioassay_mtl.training.card import describe_inputs

KINDS = {
    "dmpnn": "directed message passing between bonds",
    "gine": "message passing between atoms (GINE with a virtual node)",
}
TEXT = """# pcba128-mix

Probability that a molecule is active in each of 128 PubChem BioAssay (PCBA) assays, from SMILES:
the fingerprint experts of `pcba128`, and graph experts beside them. More accurate than `pcba128`,
and slower: the card of that model says what both are good for and what not, and what the data are.

- **Network**: the weighted mean of two mixtures, {parameters:.1f} million parameters: `pcba128`
  ({first:.0%}) and, by {second:.0%}, {n_graph} experts of {graph}.
- **Reads**: {inputs}.
- **Training rows**: all {rows:,} molecules with a SMILES that `pcba128` was trained on,
  {epochs} epochs for the graph experts, no row held back.
- **Weights**: safetensors, float16.

## How good it is

Measured with both parts fitted on the training rows of an evaluation alone, and their shares chosen
on its validation rows; test rows were scored once. The model shipped was fitted on the rows of all
parts, so the rows of these evaluations must not be used to evaluate it again.

| evaluation | fitted on | tested on | ROC-AUC (95 %) | average precision (95 %) | assays |
|---|---|---|---|---|---|
{table}

Macro means over the assays with an active and an inactive in the test part; intervals from 200
bootstrap samples of the test molecules (percentiles). Per-assay values are in `metrics.json`.

## What it sees

{sight}

Data: PubChem BioAssay (public domain), through MoleculeNet; assay annotations from MolData (CC0).
"""


def card(model: Model) -> str:
    """Markdown; ``model.metrics`` holds the evaluations."""
    members = model.training["members"]
    first, second = model.training["shares"]
    group = members["graph"]["config"]["network"]["experts"][0]
    return TEXT.format(
        parameters=sum(p.numel() for p in model.network.parameters()) / 1e6,
        first=first,
        second=second,
        n_graph=group["n"],
        graph=KINDS[group["kind"]],
        inputs=", ".join(describe_inputs(model)),
        rows=members["graph"]["rows"]["train"],
        epochs=members["graph"]["config"]["epochs"],
        sight=sight(model),
        table="\n".join(metric_row(name, values) for name, values in model.metrics.items()),
    )
