"""The explanation of one prediction: an output of the network, shared among atoms and experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.representation import Representation
from bioassay_mtl.explain.atoms import AtomShares
from bioassay_mtl.explain.networks import pieces_of
from bioassay_mtl.explain.pieces import Piece, summed
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.inputs import Inputs

STEPS = 1024
"""Steps of the integral over what several outputs say together, as of ordered classes."""

_LEAST = 1e-12


@dataclass(frozen=True)
class Share:
    """Share of an expert, or of a mixture, in a prediction.

    Parameters
    ----------
    name
        Name of the expert.
    atoms
        ``(n,) float64``: of each atom of :attr:`Explanation.smiles`, in its order.
    whole
        Share of inputs that no atom has a part in: descriptors, columns, what the molecule lacks.
    """

    name: str
    atoms: NDArray[np.float64]
    whole: float


@dataclass(frozen=True)
class Explanation:
    """Reasons for a prediction of a molecule in one column.

    ``atoms.sum() + whole`` is ``value - reference``, and so are the sums over experts.

    Parameters
    ----------
    smiles
        The molecule, as the model reads it.
    column
        Name of the predicted column: an assay, or a class of one.
    value
        Log-odds of activity, or of the class, as the network gives them, before they are
        calibrated; or the value in the assay's unit.
    reference
        The same of an empty input; of trees, the mean over their training rows.
    atoms
        ``(n,) float64``: the share of each atom.
    whole
        The share that no atom has a part in.
    experts
        The shares of each expert, times its gate.
    """

    smiles: str
    column: str
    value: float
    reference: float
    atoms: NDArray[np.float64]
    whole: float
    experts: tuple[Share, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return {
            "smiles": self.smiles,
            "assay": self.column,
            "value": self.value,
            "reference": self.reference,
            "atoms": self.atoms.tolist(),
            "whole": self.whole,
            "experts": [
                {"name": each.name, "atoms": each.atoms.tolist(), "whole": each.whole}
                for each in self.experts
            ],
        }


class Explained(Protocol):
    """Interface of a model to explain."""

    network: Any
    tasks: tuple[str, ...]
    kinds: tuple[Any, ...]
    target_scaler: Any
    featurizer: Any

    @property
    def columns(self) -> tuple[str, ...]: ...

    def inputs(self, features: Features) -> Inputs: ...


def explain_features(
    model: Explained, features: Features, mol: Any, smiles: str, column: int
) -> Explanation:
    """Explain a prediction.

    Parameters
    ----------
    model
        A model, on the CPU.
    features
        Features of one molecule that is ok.
    mol, smiles
        RDKit's molecule that they were made of, and its SMILES.
    column
        Index of the predicted column.
    """
    prints: Mapping[str, Representation] = model.featurizer.fingerprints
    inputs, shares = model.inputs(features), AtomShares(mol, prints)
    graphs = {n: block for n, block in features.blocks.items() if not block.is_table}
    task, place = _task_of(model, column)
    outputs = torch.nonzero(model.network.outputs.owner == task).flatten().tolist()
    found = [pieces_of(model.network, inputs, graphs, shares, each) for each in outputs]
    ends = [
        torch.tensor([sum(getattr(p, end) for p in each) for each in found], dtype=torch.float64)
        for end in ("reference", "value")
    ]
    slopes, low, high = _slopes(model, task, place, *ends)
    pieces = [
        summed([each[number].times(slope) for each, slope in zip(found, slopes, strict=True)], name)
        for number, name in enumerate(piece.name for piece in found[0])
    ]
    whole = Piece("", high, low, *_total(pieces)).balanced()
    experts = tuple(Share(each.name, each.atoms, each.whole) for each in pieces)
    return Explanation(smiles, model.columns[column], high, low, whole.atoms, whole.whole, experts)


def _total(pieces: list[Piece]) -> tuple[NDArray[np.float64], float]:
    total = summed(pieces, "")
    return total.atoms, total.whole


def _task_of(model: Explained, column: int) -> tuple[int, int]:
    """Task of a predicted column, and its place among those of the task."""
    widths = [len(kind.columns("")) for kind in model.kinds]
    task = int(np.searchsorted(np.cumsum(widths), column, side="right"))
    return task, column - sum(widths[:task])


def _slopes(
    model: Explained, task: int, place: int, low: torch.Tensor, high: torch.Tensor
) -> tuple[list[float], float, float]:
    """Mean slopes ``(k,)`` of what is explained by the outputs of its task, and both ends."""
    kind = model.kinds[task]
    if kind.is_value:
        standard = model.target_scaler
        scale, center = (
            (float(standard.scale[task]), float(standard.center[task])) if standard else (1.0, 0.0)
        )
        return [scale], center + scale * float(low[0]), center + scale * float(high[0])
    if kind.has_actives:
        return [1.0], float(low[0]), float(high[0])

    def log_odds(outputs: torch.Tensor) -> torch.Tensor:
        shares = heads[kind.kind].predict(outputs[:, None])[:, 0, place]
        return torch.logit(shares.clamp(_LEAST, 1 - _LEAST))

    at = (torch.arange(STEPS, dtype=torch.float64) + 0.5) / STEPS
    with torch.enable_grad():
        path = (low + at[:, None] * (high - low)).requires_grad_()
        (gradient,) = torch.autograd.grad(log_odds(path).sum(), path)
    ends = [float(log_odds(end[None])[0]) for end in (low, high)]
    return gradient.mean(dim=0).tolist(), ends[0], ends[1]
