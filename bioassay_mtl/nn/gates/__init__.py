"""Gates: how each task mixes the experts. A new kind is a new file here."""

from bioassay_mtl.nn.gates import linear, low_rank, static, task_embedding, uniform
from bioassay_mtl.nn.gates.base import Gate, GateConfig, gates, masked_softmax

__all__ = [
    "Gate",
    "GateConfig",
    "gates",
    "linear",
    "low_rank",
    "masked_softmax",
    "static",
    "task_embedding",
    "uniform",
]
